package io.solaster.http.wire;

import io.solaster.engine.memory.Memory;

/** What bytes may stand where in HTTP, and words of eight of them at once. */
public final class Ascii {
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH = 0x8080808080808080L;

    private static final boolean[] TOKEN = new boolean[256];
    private static final boolean[] HOST = new boolean[256];
    private static final boolean[] TARGET = new boolean[256];

    static {
        for (char c = '0'; c <= '9'; c++) {
            TOKEN[c] = true;
        }
        for (char c = 'a'; c <= 'z'; c++) {
            TOKEN[c] = true;
            TOKEN[c - 'a' + 'A'] = true;
        }
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
            TOKEN[c] = true;
        }
        System.arraycopy(TOKEN, 0, HOST, 0, TOKEN.length);
        for (char c : "#^`|%".toCharArray()) {
            HOST[c] = false;
        }
        for (char c = '!'; c < 0x7F; c++) {
            TARGET[c] = "#\"<>\\^`{|}".indexOf(c) < 0;
        }
    }

    private Ascii() {}

    /** Whether a byte may stand in a method or in a header's name: RFC 9110's tchar. */
    public static boolean isToken(byte b) {
        return TOKEN[b & 0xFF];
    }

    public static boolean isToken(char c) {
        return c < 256 && TOKEN[c];
    }

    /**
     * Whether a character may stand in a host's name: what RFC 3986 calls reg-name, but for escapes, which are looked at
     * closer, and for {@code (),;=}, which no host has and others might take for its end.
     */
    public static boolean isInHost(int c) {
        return c < 256 && HOST[c];
    }

    /** Whether a character may stand in a request's target: what RFC 3986 lets stand in a path or a query. */
    public static boolean isInTarget(int c) {
        return c < 256 && TARGET[c];
    }

    public static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    public static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + ('a' - 'A')) : b;
    }

    public static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
    }

    /** At most eight characters as the word that stands in memory as them, the first one lowest. */
    public static long word(String text) {
        long word = 0;
        for (int i = text.length() - 1; i >= 0; i--) {
            word = word << 8 | text.charAt(i);
        }
        return word;
    }

    /** The first byte from {@code at} on that a header's value cannot hold, the end of its line included; or the end. */
    public static int endOfValue(long address, int from, int end) {
        int at = from;
        for (; at + 8 <= end; at += 8) {
            long word = Memory.littleEndian(Memory.getLong(address + at));
            long found = below(word, 0x20) | equal(word, 0x7F);
            if (found != 0) {
                at += Long.numberOfTrailingZeros(found) >>> 3;
                if (Memory.getByte(address + at) != '\t') {
                    return at;
                }
                at -= 7;
            }
        }
        for (; at < end; at++) {
            byte b = Memory.getByte(address + at);
            if (b >= 0 && b < 0x20 && b != '\t' || b == 0x7F) {
                return at;
            }
        }
        return end;
    }

    /** The first byte from {@code at} on that a request's target cannot hold, the blank behind it included; or the end. */
    public static int endOfTarget(long address, int from, int end) {
        int at = from;
        for (; at + 8 <= end; at += 8) {
            long word = Memory.littleEndian(Memory.getLong(address + at));
            // '<' and '>' are one bit apart, as '\' and '^' are; from '{' on, all but '~' is wrong.
            long paired = word | ONES * 2;
            long found = below(word, 0x21) | equal(word, '"') | equal(word, '#') | equal(paired, '>')
                    | equal(paired, '^')
                    | equal(word, '`') | (word & ~HIGH) + ONES * (0x80 - '{') & HIGH | word & HIGH;
            if (found != 0) {
                at += Long.numberOfTrailingZeros(found) >>> 3;
                if (!TARGET[Memory.getByte(address + at) & 0xFF]) {
                    return at;
                }
                at -= 7;
            }
        }
        for (; at < end; at++) {
            if (!TARGET[Memory.getByte(address + at) & 0xFF]) {
                return at;
            }
        }
        return end;
    }

    /** The high bit of each byte below a limit of at most 0x80; exact for the lowest one found. */
    private static long below(long word, int limit) {
        return word - ONES * limit & ~word & HIGH;
    }

    private static long equal(long word, int value) {
        long x = word ^ ONES * value;
        return x - ONES & ~x & HIGH;
    }
}
