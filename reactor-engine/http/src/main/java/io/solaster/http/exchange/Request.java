package io.solaster.http.exchange;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.RequestStats;
import io.solaster.engine.trace.TracedRequest;
import io.solaster.http.Holdable;
import io.solaster.http.HttpRequest;
import io.solaster.http.RequestBody;
import io.solaster.http.route.RouteMatch;
import io.solaster.http.route.Routed;
import io.solaster.http.route.Target;
import org.jspecify.annotations.Nullable;

/** The request of an {@link Exchange}. On the owning shard, and used again for another one. */
public final class Request implements HttpRequest, Routed, Holdable, TracedRequest {
    private final Exchange exchange;
    private final RequestHead head;
    private final RouteMatch match = new RouteMatch();
    private @Nullable Target target;
    private @Nullable Map<String, Object> attributes;

    Request(Exchange exchange, RequestHead head) {
        this.exchange = exchange;
        this.head = head;
    }

    public RequestHead head() {
        return head;
    }

    /** What handlers ask: it is theirs no longer once the exchange is over. */
    private RequestHead asked() {
        exchange.refuseIfOver();
        return head;
    }

    public Exchange exchange() {
        return exchange;
    }

    @Override
    public void hold() {
        exchange.hold();
    }

    @Override
    public void letGo() {
        exchange.letGo();
    }

    @Override
    public boolean isCut() {
        return exchange.response().isCut();
    }

    @Override
    public RouteMatch match() {
        return match;
    }

    /** Ready for the next head. */
    void clear() {
        head.clear();
        match.clear();
        target = null;
        attributes = null;
    }

    /** The received bytes go, and the exchange goes on. */
    public void keep() {
        head.keep();
    }

    /** RFC 9110's: it asks for nothing to be changed, so that others may be handled beside it. */
    public boolean isSafe() {
        HttpMethod method = head.method();
        return (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD) || method.equals(HttpMethod.OPTIONS))
                && !head.upgrades();
    }

    public boolean isHttp10() {
        return head.version().equals(HttpVersion.HTTP_1_0);
    }

    public boolean isHead() {
        return head.method().equals(HttpMethod.HEAD);
    }

    /** Whether the client has said that it reads trailers. */
    boolean acceptsTrailers() {
        String te = header(HttpHeaderNames.TE);
        return te != null && AsciiString.containsIgnoreCase(te, "trailers");
    }

    @Override
    public Target parts() {
        Target known = target;
        if (known == null) {
            known = asked().target(exchange.shard().targets());
            target = known;
        }
        return known;
    }

    @Override
    public HttpMethod method() {
        return asked().method();
    }

    @Override
    public HttpVersion version() {
        return asked().version();
    }

    @Override
    public String target() {
        return parts().raw();
    }

    @Override
    public String rawPath() {
        return parts().rawPath();
    }

    @Override
    public String path() {
        return parts().path();
    }

    @Override
    public @Nullable String rawQuery() {
        return parts().rawQuery();
    }

    @Override
    public @Nullable String query(String name) {
        List<String> values = queries(name);
        return values.isEmpty() ? null : values.getFirst();
    }

    @Override
    public List<String> queries(String name) {
        return parts().query(name);
    }

    @Override
    public String pathParam(String name) {
        exchange.refuseIfOver();
        return match.param(name);
    }

    @Override
    public Map<String, String> pathParams() {
        exchange.refuseIfOver();
        return match.params();
    }

    @Override
    public @Nullable String route() {
        exchange.refuseIfOver();
        return match.template();
    }

    @Override
    public @Nullable String header(CharSequence name) {
        int found = asked().find(name, 0);
        return found < 0 ? null : head.value(found);
    }

    @Override
    public List<String> headers(CharSequence name) {
        int found = asked().find(name, 0);
        if (found < 0) {
            return List.of();
        }
        List<String> values = new ArrayList<>(2);
        for (; found >= 0; found = head.find(name, found + 1)) {
            values.add(head.value(found));
        }
        return values;
    }

    @Override
    public void forEachHeader(BiConsumer<String, String> header) {
        for (int i = 0; i < asked().count(); i++) {
            header.accept(head.name(i), head.value(i));
        }
    }

    @Override
    public RequestBody body() {
        exchange.refuseIfOver();
        return exchange.body();
    }

    @Override
    public Shard shard() {
        return exchange.shard().shard();
    }

    @Override
    public ServerConfig serverConfig() {
        return exchange.shard().config();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return exchange.carrier().remoteAddress();
    }

    @Override
    public InetSocketAddress localAddress() {
        return exchange.carrier().localAddress();
    }

    @Override
    public @Nullable SSLSession tls() {
        return exchange.carrier().tls();
    }

    @Override
    public @Nullable Object attribute(String name) {
        exchange.refuseIfOver();
        return attributes == null ? null : attributes.get(name);
    }

    @Override
    public void attribute(String name, @Nullable Object value) {
        exchange.refuseIfOver();
        Map<String, Object> map = attributes;
        if (value == null) {
            if (map != null) {
                map.remove(name);
            }
            return;
        }
        if (map == null) {
            map = new HashMap<>(4);
            attributes = map;
        }
        map.put(name, value);
    }

    @Override
    public String toString() {
        return exchange.isServing() ? head.method() + " " + target() : "a request that is over";
    }

    // ---- for whoever traces

    @Override
    public RequestStats server() {
        return RequestStats.of(exchange.carrier().channel());
    }

    @Override
    public SocketAddress peer() {
        return remoteAddress();
    }

    @Override
    public @Nullable String traceHeader(String name) {
        return header(name);
    }
}
