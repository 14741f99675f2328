package io.solaster.http;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLSession;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/**
 * A request. On the shard that owns its connection, or on a virtual thread of it; good until its response is ended, and
 * not to be kept beyond: it refuses then, by an {@link IllegalStateException}. Header names are compared without regard to case.
 */
public interface HttpRequest {

    HttpMethod method();

    HttpVersion version();

    /** The request target as it was sent: {@code /a%20b?c=d}. */
    String target();

    /** The path without the query, as it was sent: {@code /a%20b}. */
    String rawPath();

    /**
     * The path, percent-decoded: {@code /a b}. An escaped slash cannot be told from a slash in it.
     *
     * @throws HttpException with status 400 if it could be understood in two ways: with {@code .} or {@code ..} between
     *         slashes, a NUL, or a malformed escape
     */
    String path();

    /** The query as it was sent, without its question mark; null if there is none. */
    @Nullable
    String rawQuery();

    /**
     * The first value of a query parameter, decoded; null if there is none. Parameters stand between {@code &}.
     *
     * @throws HttpException with status 400 if the query is malformed or has more than 1,000 parameters
     */
    @Nullable
    String query(String name);

    /** All values of a query parameter, decoded, in their order. */
    List<String> queries(String name);

    /**
     * The first value of a query parameter, which there must be.
     *
     * @throws HttpException with status 400, naming the parameter, if there is none
     */
    default String requiredQuery(String name) {
        return Values.required(Values.QUERY, name, query(name));
    }

    /**
     * A query parameter as a number.
     *
     * @throws HttpException with status 400, naming parameter and value, if it is none or missing
     */
    default int queryInt(String name) {
        return Values.toInt(Values.QUERY, name, requiredQuery(name));
    }

    /** The same, and this if the parameter is missing. */
    default int queryInt(String name, int otherwise) {
        String value = query(name);
        return value == null ? otherwise : Values.toInt(Values.QUERY, name, value);
    }

    /** A query parameter as a number: see {@link #queryInt(String)}. */
    default long queryLong(String name) {
        return Values.toLong(Values.QUERY, name, requiredQuery(name));
    }

    /** The same, and this if the parameter is missing. */
    default long queryLong(String name, long otherwise) {
        String value = query(name);
        return value == null ? otherwise : Values.toLong(Values.QUERY, name, value);
    }

    /** A query parameter as a UUID: see {@link #queryInt(String)}. */
    default UUID queryUuid(String name) {
        return Values.toUuid(Values.QUERY, name, requiredQuery(name));
    }

    /** A query parameter as one of a few words, in any case, {@code -} for {@code _}: see {@link #queryInt(String)}. */
    default <E extends Enum<E>> E queryEnum(String name, Class<E> type) {
        return Values.toEnum(Values.QUERY, name, requiredQuery(name), type);
    }

    /** The same, and this if the parameter is missing. */
    default <E extends Enum<E>> E queryEnum(String name, E otherwise) {
        String value = query(name);
        return value == null ? otherwise : Values.toEnum(Values.QUERY, name, value, otherwise.getDeclaringClass());
    }

    /**
     * What stands in the path where the route's template has a name: {@code id} of {@code /orders/{id}}; decoded.
     *
     * @throws IllegalArgumentException if the template has no such name
     */
    String pathParam(String name);

    /**
     * A path parameter as a number.
     *
     * @throws HttpException with status 400, naming parameter and value, if it is none
     */
    default int pathInt(String name) {
        return Values.toInt(Values.PATH, name, pathParam(name));
    }

    /** A path parameter as a number: see {@link #pathInt}. */
    default long pathLong(String name) {
        return Values.toLong(Values.PATH, name, pathParam(name));
    }

    /** A path parameter as a UUID: see {@link #pathInt}. */
    default UUID pathUuid(String name) {
        return Values.toUuid(Values.PATH, name, pathParam(name));
    }

    /** A path parameter as one of a few words, in any case, {@code -} for {@code _}: see {@link #pathInt}. */
    default <E extends Enum<E>> E pathEnum(String name, Class<E> type) {
        return Values.toEnum(Values.PATH, name, pathParam(name), type);
    }

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

    /** What the server that took the request goes by now. */
    ServerConfig serverConfig();

    /**
     * Where the connection comes from: the client that a trusted proxy in front has named, else the other end; 127.0.0.1,
     * port 0, over a Unix domain socket.
     */
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
