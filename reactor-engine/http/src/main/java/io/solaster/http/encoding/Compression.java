package io.solaster.http.encoding;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.solaster.config.server.CompressionConfig;
import io.solaster.http.wire.Ascii;
import io.solaster.http.wire.HeaderList;
import org.jspecify.annotations.Nullable;

/** Which responses are compressed, and with what. On the owning shard. */
public final class Compression {
    private static final int UNNAMED = -1;
    private static final int SURE = 1000;

    private final CompressionConfig config;
    private final long minSize;
    private final Set<String> types;
    /** The server's favourite first. */
    private final List<ContentEncoding> encodings;
    /** What the client says of each, in thousandths. */
    private final int[] weights = new int[ContentEncoding.values().length];

    public Compression(CompressionConfig config, List<ContentEncoding> encodings) {
        this.config = config;
        this.encodings = encodings;
        this.minSize = config.minSize().bytes();
        this.types = Stream.of(config.mimeTypes().split(",")).map(type -> type.strip().toLowerCase(Locale.ROOT))
                .collect(Collectors.toUnmodifiableSet());
    }

    public int level() {
        return config.level();
    }

    /**
     * Whether a response is one of those that are compressed for who accepts it.
     *
     * @param length of its body, -1 where that is not known
     */
    public boolean concerns(int status, HeaderList headers, long length) {
        if (length >= 0 && length < minSize || status == 206 || status == 204 || status == 304
                || headers.contains(HttpHeaderNames.CONTENT_ENCODING)
                || headers.contains(HttpHeaderNames.CONTENT_RANGE)) {
            return false;
        }
        CharSequence type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        if (type == null || !concerns(type.toString())) {
            return false;
        }
        CharSequence caching = headers.get(HttpHeaderNames.CACHE_CONTROL);
        return caching == null || !caching.toString().contains("no-transform");
    }

    private boolean concerns(String contentType) {
        int end = contentType.indexOf(';');
        String type = (end < 0 ? contentType : contentType.substring(0, end)).strip().toLowerCase(Locale.ROOT);
        int slash = type.indexOf('/');
        return types.contains(type) || slash > 0 && types.contains(type.substring(0, slash + 1) + "*");
    }

    /**
     * What a client is served with, by its Accept-Encoding (RFC 9110, 12.5.3): what it likes best, and of that what the
     * server does.
     *
     * @return null for what there is, uncompressed
     */
    @SuppressWarnings("EnumOrdinal") // a place in an array
    @Nullable
    public ContentEncoding choose(String accept) {
        Arrays.fill(weights, UNNAMED);
        int others = 0;
        int identity = UNNAMED;
        for (int from = 0; from <= accept.length();) {
            int end = accept.indexOf(',', from);
            end = end < 0 ? accept.length() : end;
            int nameEnd = accept.indexOf(';', from);
            nameEnd = nameEnd < 0 || nameEnd > end ? end : nameEnd;
            int weight = weight(accept, nameEnd, end);
            if (is(accept, from, nameEnd, "*")) {
                others = weight;
            } else if (is(accept, from, nameEnd, "identity")) {
                identity = weight;
            } else if (is(accept, from, nameEnd, "x-gzip")) {
                weights[ContentEncoding.GZIP.ordinal()] = weight;
            } else {
                for (int i = 0; i < encodings.size(); i++) {
                    if (is(accept, from, nameEnd, encodings.get(i).token())) {
                        weights[encodings.get(i).ordinal()] = weight;
                    }
                }
            }
            from = end + 1;
        }
        ContentEncoding best = null;
        int most = 0;
        for (int i = 0; i < encodings.size(); i++) {
            int named = weights[encodings.get(i).ordinal()];
            int weight = named == UNNAMED ? others : named;
            if (weight > most) {
                most = weight;
                best = encodings.get(i);
            }
        }
        return identity > most ? null : best;
    }

    /** Whether this part is that name, whatever the case and the blanks around it. */
    private static boolean is(String text, int from, int to, String name) {
        int first = from;
        int end = to;
        while (first < end && isBlank(text.charAt(first))) {
            first++;
        }
        while (end > first && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return end - first == name.length() && text.regionMatches(true, first, name, 0, name.length());
    }

    /** What the parameters from a semicolon on give as q, in thousandths: 1000 unless they do. */
    private static int weight(String text, int from, int to) {
        for (int at = from; at < to;) {
            // At a semicolon.
            at++;
            while (at < to && isBlank(text.charAt(at))) {
                at++;
            }
            if (at + 2 < to && Ascii.lower(text.charAt(at)) == 'q' && text.charAt(at + 1) == '=') {
                return thousandths(text, at + 2, to);
            }
            while (at < to && text.charAt(at) != ';') {
                at++;
            }
        }
        return SURE;
    }

    private static int thousandths(String text, int from, int to) {
        if (text.charAt(from) != '0') {
            return SURE;
        }
        int weight = 0;
        int digit = SURE / 10;
        for (int at = from + 2; at < to && digit > 0 && Character.isDigit(text.charAt(at)); at++) {
            weight += digit * (text.charAt(at) - '0');
            digit /= 10;
        }
        return weight;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
