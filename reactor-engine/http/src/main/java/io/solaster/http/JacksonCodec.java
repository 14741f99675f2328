package io.solaster.http;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Type;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;

/**
 * JSON by Jackson 3: by the application's mapper, with all that it is configured for. It needs
 * {@code tools.jackson.core:jackson-databind} on the class path.
 *
 * <p>
 * What does not fit its type is refused with its place, and without Jackson's words, which name classes. What cannot be
 * written fails as Jackson fails.
 */
public final class JacksonCodec implements JsonCodec {
    private final ObjectMapper mapper;
    private final ObjectWriter writer;
    /** Written once per type, then only read. */
    private final ConcurrentMap<Type, ObjectReader> readers = new ConcurrentHashMap<>();

    /** JSON as this mapper reads and writes it. */
    public JacksonCodec(ObjectMapper mapper) {
        this.mapper = mapper;
        this.writer = mapper.writer();
    }

    @Override
    public @Nullable Object read(ByteBuf json, Type type) {
        ObjectReader reader = readers.get(type);
        if (reader == null) {
            reader = mapper.readerFor(mapper.constructType(type)).with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
            readers.put(type, reader);
        }
        try {
            if (json.hasArray()) {
                return reader.readValue(json.array(), json.arrayOffset() + json.readerIndex(), json.readableBytes());
            }
            InputStream in = new ByteBufInputStream(json);
            return reader.readValue(in);
        } catch (StreamReadException e) {
            throw refusal(e, e.getOriginalMessage());
        } catch (DatabindException e) {
            String path = path(e);
            throw refusal(e, path.isEmpty() ? "not what is expected here" : "'" + path + "' is not what is expected");
        }
    }

    private static HttpException refusal(JacksonException cause, String what) {
        TokenStreamLocation at = cause.getLocation();
        String place = at == null || at.getLineNr() < 0
                ? ""
                : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
        return new HttpException(HttpResponseStatus.BAD_REQUEST, "JSON: " + place + what, cause);
    }

    /** As {@code lines[2].count}. */
    private static String path(JacksonException cause) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : cause.getPath()) {
            if (step.getPropertyName() != null) {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            } else {
                path.append('[').append(step.getIndex()).append(']');
            }
        }
        return path.toString();
    }

    @Override
    public void write(@Nullable Object value, ByteBuf to) {
        OutputStream out = new ByteBufOutputStream(to);
        writer.writeValue(out, value);
    }
}
