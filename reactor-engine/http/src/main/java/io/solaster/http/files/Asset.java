package io.solaster.http.files;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A static file as it was when somebody looked.
 *
 * @param type its Content-Type
 * @param modified when it was last, in milliseconds, whole seconds; 0 if that is not known
 * @param variants the file itself, and after it those that hold it compressed; none of a directory
 */
record Asset(String type, long modified, List<Variant> variants) {
    static final Asset DIRECTORY = new Asset("", 0, List.of());

    /**
     * One way to send it.
     *
     * @param coding the Content-Encoding; null for none
     * @param tag the ETag, quotes and all
     * @param size in bytes
     * @param content off the heap, if it is small; null if it is to be read from the file
     * @param file where it lies; null if it is in memory only
     */
    record Variant(@Nullable String coding, String tag, long size, @Nullable ByteBuffer content, @Nullable Path file) {}

    /** Bytes that it takes in memory, roughly. */
    long held() {
        long held = 256;
        for (Variant variant : variants) {
            held += variant.content() == null ? 0 : variant.size();
        }
        return held;
    }
}
