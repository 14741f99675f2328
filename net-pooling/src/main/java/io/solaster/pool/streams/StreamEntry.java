package io.solaster.pool.streams;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * An entry of a stream. Immutable, but for its arrays, which are the receiver's.
 *
 * @param id such as {@code 1700000000000-0}
 * @param fields names and values in turn, as they were added
 */
public record StreamEntry(String id, List<byte[]> fields) {
    public StreamEntry {
        fields = List.copyOf(fields);
    }

    /** The value of the first field of a name; null if there is none. */
    public byte @Nullable [] value(String name) {
        byte[] wanted = name.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (Arrays.equals(wanted, fields.get(i))) {
                return fields.get(i + 1);
            }
        }
        return null;
    }

    /** As {@link #value}, as text in UTF-8. */
    public @Nullable String text(String name) {
        byte[] value = value(name);
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }
}
