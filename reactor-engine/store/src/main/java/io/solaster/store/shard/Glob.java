package io.solaster.store.shard;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One of Redis's patterns: {@code *}, {@code ?}, {@code [a-c]}, {@code [^a]} and a backslash before what is meant as it
 * stands. Bytes of 128 and above are negative in a range, as they are there.
 */
public final class Glob {
    private final byte[] pattern;

    public Glob(byte[] pattern) {
        this.pattern = pattern;
    }

    /** Whether a pattern is one, and not just a name. */
    public static boolean isPattern(String text) {
        return text.indexOf('*') >= 0 || text.indexOf('?') >= 0 || text.indexOf('[') >= 0;
    }

    /** Whether all of a text matches; upper and lower case are the same. */
    public static boolean matches(String pattern, String text) {
        byte[] bytes = lower(text);
        return new Glob(lower(pattern)).matches(bytes, bytes.length);
    }

    private static byte[] lower(String text) {
        return text.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether the pattern is {@code *}, which {@code KEYS} and the like take without asking {@link #matches}. */
    public boolean isAny() {
        return pattern.length == 1 && pattern[0] == '*';
    }

    /** Whether the first bytes of an array match; none matches only the empty pattern. */
    public boolean matches(byte[] text, int length) {
        int p = 0;
        int t = 0;
        int star = -1;
        int starText = 0;
        while (t < length) {
            int after = p < pattern.length && pattern[p] != '*' ? matchOne(p, text[t]) : -1;
            if (after > 0) {
                p = after;
                t++;
            } else if (p < pattern.length && pattern[p] == '*') {
                star = ++p;
                starText = t;
            } else if (star >= 0) {
                // The last star takes one character more; those before it never need to.
                p = star;
                t = ++starText;
            } else {
                return false;
            }
        }
        while (length > 0 && p < pattern.length && pattern[p] == '*') {
            p++;
        }
        return p == pattern.length;
    }

    /** Where the pattern goes on if its next element takes the byte; else -1. */
    private int matchOne(int at, byte c) {
        return switch (pattern[at]) {
            case '?' -> at + 1;
            case '[' -> matchClass(at + 1, c);
            case '\\' -> {
                int literal = at + 1 < pattern.length ? at + 1 : at;
                yield pattern[literal] == c ? literal + 1 : -1;
            }
            default -> pattern[at] == c ? at + 1 : -1;
        };
    }

    private int matchClass(int from, byte c) {
        int at = from;
        boolean not = at < pattern.length && pattern[at] == '^';
        if (not) {
            at++;
        }
        boolean found = false;
        while (at < pattern.length && pattern[at] != ']') {
            if (pattern[at] == '\\' && at + 1 < pattern.length) {
                at++;
                found |= pattern[at++] == c;
            } else if (at + 2 < pattern.length && pattern[at + 1] == '-') {
                int low = Math.min(pattern[at], pattern[at + 2]);
                int high = Math.max(pattern[at], pattern[at + 2]);
                found |= c >= low && c <= high;
                at += 3;
            } else {
                found |= pattern[at++] == c;
            }
        }
        // A class that does not end takes all that is left, as in Redis.
        return found == not ? -1 : Math.min(at + 1, pattern.length);
    }
}
