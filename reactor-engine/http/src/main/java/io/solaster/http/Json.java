package io.solaster.http;

import java.lang.reflect.Type;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * JSON in bodies. One instance for all shards.
 *
 * {@snippet :
 * Json json = new Json(new JacksonCodec(mapper));
 * Router.builder().post("/orders", (request, response) -> {
 *     Order order = json.read(request, Order.class);
 *     json.send(request, response.status(HttpResponseStatus.CREATED), store(order));
 * });
 * }
 */
public final class Json {
    private static final AsciiString TYPE = AsciiString.cached("application/json");

    private final JsonCodec codec;

    /** JSON as this codec reads and writes it. */
    public Json(JsonCodec codec) {
        this.codec = codec;
    }

    /**
     * The body of a request, which has been gathered, as a {@link io.solaster.http.route.Router} does it.
     *
     * @throws HttpException with status 415 if its Content-Type is not JSON in UTF-8; 400 with line and column if it is
     *         malformed or does not fit the type, or if it is null or empty
     * @throws IllegalStateException if the body has not been gathered
     */
    public <T> T read(HttpRequest request, Class<T> type) {
        return Objects.requireNonNull(type.cast(read(request, (Type) type)));
    }

    /** The same for a type that is no class, such as a list of something. */
    public Object read(HttpRequest request, Type type) {
        String contentType = request.header(HttpHeaderNames.CONTENT_TYPE);
        if (!MediaTypes.isJson(contentType)) {
            throw new HttpException(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type: '" + contentType + "' is not application/json in UTF-8");
        }
        ByteBuf body = request.body().content();
        if (!body.isReadable()) {
            throw Escapes.bad("the body is empty where JSON is expected");
        }
        Object value = codec.read(body.slice(), type);
        if (value == null) {
            throw Escapes.bad("the body is null where a value is expected");
        }
        return value;
    }

    /**
     * Ends a response with a value, as {@code application/json} unless a Content-Type is set.
     *
     * @throws HttpException with status 406 if the client does not accept that
     */
    public void send(HttpRequest request, HttpResponse response, @Nullable Object value) {
        String accept = request.header(HttpHeaderNames.ACCEPT);
        if (accept != null && !MediaTypes.accepts(accept, "application/json")) {
            throw new HttpException(HttpResponseStatus.NOT_ACCEPTABLE,
                    "Accept: '" + accept + "' leaves out application/json, which is all there is");
        }
        send(response, value);
    }

    /** The same, whatever the client accepts: for errors, and where it is known. */
    public void send(HttpResponse response, @Nullable Object value) {
        ByteBuf body = response instanceof BodySource own
                ? own.newBody()
                : ByteBufAllocator.DEFAULT.directBuffer(BodySource.FIRST_GUESS);
        try {
            codec.write(value, body);
        } catch (Throwable failure) {
            body.release();
            throw failure;
        }
        if (response.header(HttpHeaderNames.CONTENT_TYPE) == null) {
            response.header(HttpHeaderNames.CONTENT_TYPE, TYPE);
        }
        response.send(body);
    }
}
