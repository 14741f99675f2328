package io.solaster.http;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a form that was posted, in their order. A body of {@code application/x-www-form-urlencoded} becomes one
 * by {@link #of}; the fields of one with files are in {@link io.solaster.http.body.Multipart#form}. Its own, to be kept at will.
 */
public final class Form {
    private static final String TYPE = "application/x-www-form-urlencoded";
    /** Of a query, too. */
    @Internal
    public static final int MOST_FIELDS = 1_000;
    /** A form lies on the heap, and is taken apart in one go; what is larger is no form but a file. */
    static final int MOST_BYTES = 2 << 20;

    private final Map<String, List<String>> fields;

    @Internal
    public Form(Map<String, List<String>> fields) {
        this.fields = fields;
    }

    /**
     * The form of a request whose body has been gathered, as a {@link io.solaster.http.route.Router} does it.
     *
     * @throws HttpException with status 415 if the body is of another type, 413 if it has more than 2 MB, 400 if it is
     *         malformed or has more than 1,000 fields
     * @throws IllegalStateException if the body has not been gathered
     */
    public static Form of(HttpRequest request) {
        String type = request.header(HttpHeaderNames.CONTENT_TYPE);
        if (!MediaTypes.is(type, TYPE)) {
            throw new HttpException(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type: '" + type + "' is not " + TYPE);
        }
        int bytes = request.body().content().readableBytes();
        if (bytes > MOST_BYTES) {
            throw new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "a form of " + bytes + " bytes: "
                    + MOST_BYTES + " at most; send more as multipart/form-data");
        }
        return parse(request.body().text());
    }

    static Form parse(String text) {
        return new Form(fields(text, "a form of more than " + MOST_FIELDS + " fields"));
    }

    /**
     * The fields of a form, or the parameters of a query, by their names.
     *
     * @param tooMany what is said where they are more than {@link #MOST_FIELDS}
     */
    @Internal
    public static Map<String, List<String>> fields(String text, String tooMany) {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        int count = 0;
        for (int from = 0; from < text.length();) {
            int end = text.indexOf('&', from);
            int to = end < 0 ? text.length() : end;
            if (to > from) {
                if (++count > MOST_FIELDS) {
                    throw Escapes.bad(tooMany);
                }
                int equals = text.indexOf('=', from);
                int nameEnd = equals < 0 || equals > to ? to : equals;
                String name = Escapes.decodeForm(text, from, nameEnd);
                String value = nameEnd == to ? "" : Escapes.decodeForm(text, nameEnd + 1, to);
                fields.computeIfAbsent(name, unseen -> new ArrayList<>(1)).add(value);
            }
            from = to + 1;
        }
        return fields;
    }

    /** The first value of a field; null if there is none. */
    @Nullable
    public String get(String name) {
        List<String> values = fields.get(name);
        return values == null ? null : values.getFirst();
    }

    /** All values of a field, in their order. */
    public List<String> all(String name) {
        return List.copyOf(fields.getOrDefault(name, List.of()));
    }

    /** The names of the fields, in their order. */
    public Set<String> names() {
        return Collections.unmodifiableSet(fields.keySet());
    }

    /**
     * The first value of a field, which there must be.
     *
     * @throws HttpException with status 400, naming the field, if there is none
     */
    public String required(String name) {
        return Values.required(Values.FIELD, name, get(name));
    }

    /**
     * A field as a number.
     *
     * @throws HttpException with status 400, naming field and value, if it is none or missing
     */
    public int getInt(String name) {
        return Values.toInt(Values.FIELD, name, required(name));
    }

    /** A field as a number: see {@link #getInt}. */
    public long getLong(String name) {
        return Values.toLong(Values.FIELD, name, required(name));
    }

    /** A field as a UUID: see {@link #getInt}. */
    public UUID getUuid(String name) {
        return Values.toUuid(Values.FIELD, name, required(name));
    }

    /** A field as one of a few words, in any case, {@code -} for {@code _}: see {@link #getInt}. */
    public <E extends Enum<E>> E getEnum(String name, Class<E> type) {
        return Values.toEnum(Values.FIELD, name, required(name), type);
    }

    @Override
    public String toString() {
        return "Form" + fields.keySet();
    }
}
