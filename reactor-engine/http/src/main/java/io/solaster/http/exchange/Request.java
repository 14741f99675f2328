package io.solaster.http.exchange;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
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

/**
 * A request as its handler has it: made for this one, and cut off from the exchange before that serves another, so that
 * whoever keeps it too long is refused by name. On the owning shard: another thread may see the end late, and meet the next
 * request.
 */
public final class Request implements HttpRequest, Routed, Holdable, TracedRequest {
    /** Null once the exchange serves others. */
    private @Nullable LoopRequest loop;

    Request(LoopRequest loop) {
        this.loop = loop;
    }

    /** The exchange is about to serve others. */
    void cutOff() {
        loop = null;
    }

    private LoopRequest loop() {
        LoopRequest known = loop;
        if (known == null) {
            throw Exchange.isOver();
        }
        return known;
    }

    private RequestHead head() {
        return loop().head();
    }

    public Exchange exchange() {
        return loop().exchange;
    }

    @Override
    public void hold() {
        exchange().hold();
    }

    @Override
    public void letGo() {
        exchange().letGo();
    }

    @Override
    public boolean isCut() {
        LoopRequest known = loop;
        return known != null && known.exchange.response().isCut();
    }

    @Override
    public RouteMatch match() {
        return loop().match();
    }

    @Override
    public Target parts() {
        return loop().parts();
    }

    @Override
    public boolean hasBody() {
        return exchange().body().length() != 0;
    }

    @Override
    public HttpMethod method() {
        return head().method();
    }

    @Override
    public HttpVersion version() {
        return head().version();
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
        return match().param(name);
    }

    @Override
    public Map<String, String> pathParams() {
        return match().params();
    }

    @Override
    public @Nullable String route() {
        return match().template();
    }

    @Override
    public @Nullable String header(CharSequence name) {
        return loop().header(name);
    }

    @Override
    public List<String> headers(CharSequence name) {
        RequestHead head = head();
        int found = head.find(name, 0);
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
        RequestHead head = head();
        for (int i = 0; i < head.count(); i++) {
            header.accept(head.name(i), head.value(i));
        }
    }

    @Override
    public RequestBody body() {
        return exchange().handlersBody();
    }

    @Override
    public Shard shard() {
        return exchange().shard().shard();
    }

    @Override
    public ServerConfig serverConfig() {
        return exchange().shard().config();
    }

    @Override
    public InetSocketAddress remoteAddress() {
        return exchange().carrier().remoteAddress();
    }

    @Override
    public InetSocketAddress localAddress() {
        return exchange().carrier().localAddress();
    }

    @Override
    public @Nullable SSLSession tls() {
        return exchange().carrier().tls();
    }

    @Override
    public @Nullable Object attribute(String name) {
        return loop().attribute(name);
    }

    @Override
    public void attribute(String name, @Nullable Object value) {
        loop().attribute(name, value);
    }

    @Override
    public String toString() {
        LoopRequest known = loop;
        return known == null ? "a request that is over" : known.toString();
    }

    // ---- for whoever traces

    @Override
    public RequestStats server() {
        return RequestStats.of(exchange().carrier().channel());
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
