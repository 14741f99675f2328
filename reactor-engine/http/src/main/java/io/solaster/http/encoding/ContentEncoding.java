package io.solaster.http.encoding;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What bodies can be compressed with. Two need native libraries, which an application has or has not. Any thread. */
public enum ContentEncoding {
    ZSTD("zstd", "com.github.luben:zstd-jni"), BROTLI("br", "com.aayushatharva.brotli4j:brotli4j"), GZIP("gzip", "");

    private static final Logger log = LoggerFactory.getLogger(ContentEncoding.class);
    private static volatile boolean loaded;

    private final String token;
    private final String library;

    ContentEncoding(String token, String library) {
        this.token = token;
        this.library = library;
    }

    /** As Accept-Encoding and Content-Encoding have it. */
    public String token() {
        return token;
    }

    /**
     * An encoder.
     *
     * @param level from 1 to 9
     */
    public BodyEncoder newEncoder(int level) {
        return switch (this) {
            case ZSTD -> new ZstdEncoder(level);
            case BROTLI -> new BrotliEncoder(level);
            case GZIP -> new GzipEncoder(level);
        };
    }

    /** Whether it has been seen what is there; {@link #load} takes a while and is not for a shard. */
    public static boolean isLoaded() {
        return loaded;
    }

    /** Those of a list that are there, in its order; once {@link #isLoaded}. */
    public static List<ContentEncoding> available(String tokens) {
        return of(tokens).stream().filter(each -> !Loaded.MISSING.containsKey(each)).toList();
    }

    /**
     * The same, loading native code, and says at INFO which they are. Not on a shard.
     *
     * @param tokens with commas between them
     */
    public static List<ContentEncoding> load(String tokens) {
        List<ContentEncoding> there = new ArrayList<>();
        StringBuilder missing = new StringBuilder();
        for (ContentEncoding each : of(tokens)) {
            Throwable why = Loaded.MISSING.get(each);
            if (why == null) {
                there.add(each);
            } else {
                missing.append("; not with ").append(each.token).append(why instanceof NoClassDefFoundError
                        ? ": " + each.library + " is not on the class path"
                        : ": its native library cannot be loaded (" + why.getMessage() + ")");
            }
        }
        loaded = true;
        log.info("Responses are compressed with {}{}",
                String.join(", ", there.stream().map(each -> each.token).toList()),
                missing);
        return there;
    }

    /** Those of a list, in its order; what is none of them is left out. */
    public static List<ContentEncoding> of(String tokens) {
        List<ContentEncoding> all = new ArrayList<>();
        for (String token : tokens.split(",", -1)) {
            for (ContentEncoding each : values()) {
                if (each.token.equals(token.strip()) && !all.contains(each)) {
                    all.add(each);
                }
            }
        }
        return all;
    }

    /** Tries each once. */
    private static final class Loaded {
        static final Map<ContentEncoding, Throwable> MISSING = new EnumMap<>(ContentEncoding.class);

        static {
            for (ContentEncoding each : values()) {
                Throwable failure = failure(each);
                if (failure != null) {
                    MISSING.put(each, failure);
                }
            }
        }

        private static @Nullable Throwable failure(ContentEncoding encoding) {
            try {
                encoding.newEncoder(1).close();
                return null;
            } catch (LinkageError | RuntimeException missing) {
                return missing;
            }
        }
    }
}
