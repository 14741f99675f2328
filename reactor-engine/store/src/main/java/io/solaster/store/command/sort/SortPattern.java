package io.solaster.store.command.sort;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * What {@code BY} or {@code GET} names for each element: the element itself, or a key in which the element takes the place of
 * a star, or a field of the hash that this key holds.
 */
final class SortPattern {
    private static final String FIELD = "->";

    /** Whether it is a number sign: the element itself. */
    final boolean self;
    final byte[] before;
    final byte[] behind;
    final byte @Nullable [] field;
    private final boolean star;

    private SortPattern(boolean self, boolean star, String before, String behind, @Nullable String field) {
        this.self = self;
        this.star = star;
        this.before = bytes(before);
        this.behind = bytes(behind);
        this.field = field == null ? null : bytes(field);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** @param text each byte one character */
    static SortPattern of(String text) {
        int star = text.indexOf('*');
        if (star < 0) {
            return new SortPattern(text.equals("#"), false, text, "", null);
        }
        int field = text.indexOf(FIELD, star + 1);
        boolean named = field >= 0 && field + FIELD.length() < text.length();
        return new SortPattern(false, true, text.substring(0, star),
                text.substring(star + 1, named ? field : text.length()),
                named ? text.substring(field + FIELD.length()) : null);
    }

    /** Whether it names keys; one that does not names nothing but perhaps the element itself. */
    boolean namesKeys() {
        return star;
    }
}
