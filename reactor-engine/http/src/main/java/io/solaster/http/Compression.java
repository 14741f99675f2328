package io.solaster.http;

import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.solaster.config.CompressionConfig;

/** Which responses are compressed. Any thread. */
final class Compression {
    private final CompressionConfig config;
    private final long minSize;
    private final Set<String> types;

    Compression(CompressionConfig config) {
        this.config = config;
        this.minSize = config.minSize().bytes();
        this.types = Stream.of(config.mimeTypes().split(",")).map(type -> type.strip().toLowerCase(Locale.ROOT))
                .collect(Collectors.toUnmodifiableSet());
    }

    int level() {
        return config.level();
    }

    /**
     * Whether a response is one of those that are compressed for who accepts it.
     *
     * @param length of its body, -1 where that is not known
     */
    boolean concerns(int status, HeaderList headers, long length) {
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

    /** Whether an Accept-Encoding allows gzip: RFC 9110, 12.5.3. */
    static boolean accepts(String acceptEncoding) {
        boolean any = false;
        for (String part : acceptEncoding.split(",", -1)) {
            String[] words = part.split(";", -1);
            String coding = words[0].strip();
            boolean wanted = true;
            for (int i = 1; i < words.length; i++) {
                String parameter = words[i].strip().toLowerCase(Locale.ROOT);
                wanted &= !parameter.matches("q=0(\\.0*)?");
            }
            if (coding.equalsIgnoreCase("gzip") || coding.equalsIgnoreCase("x-gzip")) {
                return wanted;
            }
            any |= wanted && coding.equals("*");
        }
        return any;
    }
}
