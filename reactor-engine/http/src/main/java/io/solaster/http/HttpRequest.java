package io.solaster.http;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * A request. On the shard that owns its connection, or on a virtual thread of it; good until its response is ended, and
 * not to be kept beyond: the object serves another request then. Header names are compared without regard to case.
 */
public interface HttpRequest {

    HttpMethod method();

    HttpVersion version();

    /** The request target as it was sent: {@code /a%20b?c=d}. */
    String target();

    /** The path without the query, as it was sent: {@code /a%20b}. */
    String rawPath();

    /** The path, percent-decoded: {@code /a b}. */
    String path();

    /** The query as it was sent, without its question mark; null if there is none. */
    @Nullable
    String rawQuery();

    /** The first value of a query parameter, decoded; null if there is none. */
    @Nullable
    String query(String name);

    /** All values of a query parameter, decoded, in their order. */
    List<String> queries(String name);

    /**
     * What stands in the path where the route's template has a name: {@code id} of {@code /orders/{id}}; decoded.
     *
     * @throws IllegalArgumentException if the template has no such name
     */
    String pathParam(String name);

    /** What the template's names stand for, decoded, in the order of the path. */
    Map<String, String> pathParams();

    /** The template of the route that was taken, such as {@code /orders/{id}}; null where no router was asked. */
    @Nullable
    String route();

    /** The first value of a header; null if there is none. */
    @Nullable
    String header(CharSequence name);

    /** All values of a header, in their order. */
    List<String> headers(CharSequence name);

    /** Hands over each header, with its name as it was sent, in their order. */
    void forEachHeader(BiConsumer<String, String> header);

    /** The body; never null, of length 0 where there is none. */
    RequestBody body();

    /** The shard that owns the connection. */
    Shard shard();

    /** Where the connection comes from. */
    InetSocketAddress remoteAddress();

    /** Where the connection was accepted. */
    InetSocketAddress localAddress();

    /** What was agreed with the client over TLS; null over a plain connection. */
    @Nullable
    SSLSession tls();

    /** What a filter has left for those behind it; null if nothing. */
    @Nullable
    Object attribute(String name);

    /** Leaves something for those behind; null takes it away. */
    void attribute(String name, @Nullable Object value);
}
