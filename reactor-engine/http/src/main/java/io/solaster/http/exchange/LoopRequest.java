package io.solaster.http.exchange;

import java.util.HashMap;
import java.util.Map;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import io.solaster.http.route.RouteMatch;
import io.solaster.http.route.Target;
import org.jspecify.annotations.Nullable;

/**
 * The request of an {@link Exchange}, which serves again for another one: {@link Request} is what a handler has of it. On
 * the owning shard.
 */
public final class LoopRequest {
    final Exchange exchange;
    private final RequestHead head;
    private final RouteMatch match = new RouteMatch();
    private @Nullable Target target;
    private @Nullable Map<String, Object> attributes;

    LoopRequest(Exchange exchange, RequestHead head) {
        this.exchange = exchange;
        this.head = head;
    }

    public RequestHead head() {
        return head;
    }

    RouteMatch match() {
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

    Target parts() {
        Target known = target;
        if (known == null) {
            known = head.target(exchange.shard().targets());
            target = known;
        }
        return known;
    }

    @Nullable
    String header(CharSequence name) {
        int found = head.find(name, 0);
        return found < 0 ? null : head.value(found);
    }

    @Nullable
    Object attribute(String name) {
        return attributes == null ? null : attributes.get(name);
    }

    void attribute(String name, @Nullable Object value) {
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
        return exchange.isServing() ? head.method() + " " + parts().raw() : "a request that is over";
    }
}
