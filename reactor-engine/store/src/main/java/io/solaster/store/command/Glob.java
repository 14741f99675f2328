package io.solaster.store.command;

/** Redis's patterns: {@code *}, {@code ?}, {@code [a-c]}, {@code [^a]} and a backslash before what is meant as it stands. */
final class Glob {

    private Glob() {}

    /** Whether a pattern is one, and not just a name. */
    static boolean isPattern(String text) {
        return text.indexOf('*') >= 0 || text.indexOf('?') >= 0 || text.indexOf('[') >= 0;
    }

    /** Whether all of a text matches; upper and lower case are the same. */
    static boolean matches(String pattern, String text) {
        return matches(lower(pattern), 0, lower(text), 0);
    }

    private static String lower(String text) {
        return text.toLowerCase(java.util.Locale.ROOT);
    }

    private static boolean matches(String pattern, int patternFrom, String text, int textFrom) {
        int p = patternFrom;
        int t = textFrom;
        int star = -1;
        int starText = 0;
        while (t < text.length()) {
            int after = p < pattern.length() && pattern.charAt(p) != '*' ? matchOne(pattern, p, text.charAt(t)) : -1;
            if (after > 0) {
                p = after;
                t++;
            } else if (p < pattern.length() && pattern.charAt(p) == '*') {
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
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    /** Where the pattern goes on if its next element takes the character; else -1. */
    private static int matchOne(String pattern, int at, char c) {
        return switch (pattern.charAt(at)) {
            case '?' -> at + 1;
            case '[' -> matchClass(pattern, at + 1, c);
            case '\\' -> {
                int literal = at + 1 < pattern.length() ? at + 1 : at;
                yield pattern.charAt(literal) == c ? literal + 1 : -1;
            }
            default -> pattern.charAt(at) == c ? at + 1 : -1;
        };
    }

    private static int matchClass(String pattern, int from, char c) {
        int at = from;
        boolean not = at < pattern.length() && pattern.charAt(at) == '^';
        if (not) {
            at++;
        }
        boolean found = false;
        while (at < pattern.length() && pattern.charAt(at) != ']') {
            if (pattern.charAt(at) == '\\' && at + 1 < pattern.length()) {
                at++;
                found |= pattern.charAt(at++) == c;
            } else if (at + 2 < pattern.length() && pattern.charAt(at + 1) == '-') {
                char low = (char) Math.min(pattern.charAt(at), pattern.charAt(at + 2));
                char high = (char) Math.max(pattern.charAt(at), pattern.charAt(at + 2));
                found |= c >= low && c <= high;
                at += 3;
            } else {
                found |= pattern.charAt(at++) == c;
            }
        }
        // A class that does not end takes all that is left, as in Redis.
        return found == not ? -1 : Math.min(at + 1, pattern.length());
    }
}
