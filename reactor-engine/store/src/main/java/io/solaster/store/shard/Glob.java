package io.solaster.store.shard;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One of Redis's patterns: {@code *}, {@code ?}, {@code [a-c]}, {@code [^a]} and a backslash before what is meant as it
 * stands. Bytes of 128 and above are negative in a range, as they are there.
 */
public final class Glob {
    /** Bytes of the longest pattern: what each byte of a text costs goes by them. */
    public static final int LONGEST = 1024;
    private static final int BYTES = 256;

    private final boolean any;
    /** Elements but for stars. As many of them as have taken something are a state; it may be in several at once, a bit each. */
    private final int elements;
    private final int words;
    /** For each byte the states that an element leads to which takes it. */
    private final long[] takes;
    /** States that a star follows, so that they stay whatever comes. */
    private final long[] stays;
    private final boolean empty;

    /** @param pattern of {@link #LONGEST} bytes at most */
    public Glob(byte[] pattern) {
        if (pattern.length > LONGEST) {
            throw new IllegalArgumentException(
                    "a pattern of " + pattern.length + " bytes; it may have " + LONGEST + " at most");
        }
        any = pattern.length == 1 && pattern[0] == '*';
        empty = pattern.length == 0;
        words = (pattern.length >> 6) + 1;
        takes = new long[BYTES * words];
        stays = new long[words];
        int state = 0;
        for (int at = 0; at < pattern.length;) {
            if (pattern[at] == '*') {
                stays[state >> 6] |= 1L << state;
                at++;
            } else {
                at = element(pattern, at, ++state);
            }
        }
        elements = state;
    }

    /** Bytes of memory that a pattern of so many bytes takes, about. */
    public static int bytes(int length) {
        return (BYTES + 1) * ((length >> 6) + 1) * Long.BYTES;
    }

    /** Whether a pattern is one, and not just a name. */
    public static boolean isPattern(String text) {
        return text.indexOf('*') >= 0 || text.indexOf('?') >= 0 || text.indexOf('[') >= 0;
    }

    /** Whether all of a text matches; upper and lower case are the same. A pattern that is too long matches none. */
    public static boolean matches(String pattern, String text) {
        if (pattern.length() > LONGEST) {
            return false;
        }
        byte[] small = lower(pattern);
        byte[] bytes = lower(text);
        // A letter may become two.
        return small.length <= LONGEST && new Glob(small).matches(bytes, bytes.length);
    }

    private static byte[] lower(String text) {
        return text.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether the pattern is {@code *}, which {@code KEYS} and the like take without asking {@link #matches}. */
    public boolean isAny() {
        return any;
    }

    /**
     * Whether the first bytes of an array match; none matches only the empty pattern. Takes a step for each byte and each 64
     * bytes of the pattern, whatever the pattern.
     */
    public boolean matches(byte[] text, int length) {
        if (length == 0) {
            return empty;
        }
        return words == 1 ? matchesShort(text, length) : matchesLong(text, length);
    }

    private boolean matchesShort(byte[] text, int length) {
        long stay = stays[0];
        long states = 1;
        for (int t = 0; t < length && states != 0; t++) {
            states = states << 1 & takes[text[t] & 0xff] | states & stay;
        }
        return (states >>> elements & 1) != 0;
    }

    private boolean matchesLong(byte[] text, int length) {
        long[] states = new long[words];
        states[0] = 1;
        long left = 1;
        for (int t = 0; t < length && left != 0; t++) {
            int row = (text[t] & 0xff) * words;
            long carry = 0;
            left = 0;
            for (int word = 0; word < words; word++) {
                long before = states[word];
                long after = (before << 1 | carry) & takes[row + word] | before & stays[word];
                carry = before >>> 63;
                states[word] = after;
                left |= after;
            }
        }
        return (states[elements >> 6] >>> elements & 1) != 0;
    }

    private void take(int c, int state) {
        takes[(c & 0xff) * words + (state >> 6)] |= 1L << state;
    }

    /** Notes which bytes an element takes; returns where the pattern goes on. */
    private int element(byte[] pattern, int at, int state) {
        return switch (pattern[at]) {
            case '?' -> {
                for (int c = 0; c < BYTES; c++) {
                    take(c, state);
                }
                yield at + 1;
            }
            case '[' -> elementClass(pattern, at + 1, state);
            case '\\' -> {
                int literal = at + 1 < pattern.length ? at + 1 : at;
                take(pattern[literal], state);
                yield literal + 1;
            }
            default -> {
                take(pattern[at], state);
                yield at + 1;
            }
        };
    }

    private int elementClass(byte[] pattern, int from, int state) {
        int at = from;
        boolean not = at < pattern.length && pattern[at] == '^';
        if (not) {
            at++;
        }
        boolean[] found = new boolean[BYTES];
        while (at < pattern.length && pattern[at] != ']') {
            if (pattern[at] == '\\' && at + 1 < pattern.length) {
                at++;
                found[pattern[at++] & 0xff] = true;
            } else if (at + 2 < pattern.length && pattern[at + 1] == '-') {
                int low = Math.min(pattern[at], pattern[at + 2]);
                int high = Math.max(pattern[at], pattern[at + 2]);
                for (int c = low; c <= high; c++) {
                    found[c & 0xff] = true;
                }
                at += 3;
            } else {
                found[pattern[at++] & 0xff] = true;
            }
        }
        for (int c = 0; c < BYTES; c++) {
            if (found[c] != not) {
                take(c, state);
            }
        }
        // A class that does not end takes all that is left, as in Redis.
        return Math.min(at + 1, pattern.length);
    }
}
