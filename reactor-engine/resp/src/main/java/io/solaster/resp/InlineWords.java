package io.solaster.resp;

import static io.solaster.engine.memory.Memory.getByte;

import io.solaster.engine.memory.Memory;

/** The words of an inline command, split and unescaped where they lie as Redis does it. Nothing is allocated. */
final class InlineWords {

    private InlineWords() {}

    /** Where the next word of a line begins; {@code end} if there is none. */
    static int begin(long line, int from, int end) {
        int at = from;
        while (at < end && isSpace(getByte(line + at))) {
            at++;
        }
        return at;
    }

    /**
     * Reads the word that begins there, and overwrites it with what it means.
     *
     * @return where reading stands in the upper, where the word ends in the lower half; -1 if a quote does not close
     */
    static long read(long line, int start, int end) {
        int at = start;
        // Nothing grows when unescaped, so a word is written over its own bytes.
        int to = start;
        while (at < end) {
            byte b = getByte(line + at);
            switch (b) {
                case ' ', '\t', '\r' -> {
                    return (long) at << 32 | to;
                }
                // A closing quote ends the word: what follows is a blank or the end, other blanks than above too.
                case '"' -> {
                    return doubleQuoted(line, at + 1, end, to);
                }
                case '\'' -> {
                    return singleQuoted(line, at + 1, end, to);
                }
                default -> {
                    if (to != at) {
                        Memory.putByte(line + to, b);
                    }
                    to++;
                    at++;
                }
            }
        }
        return (long) at << 32 | to;
    }

    /** Unescapes up to the closing quote; returns where reading and writing stand, or -1. */
    private static long doubleQuoted(long line, int from, int end, int target) {
        int to = target;
        for (int at = from; at < end; at++) {
            byte b = getByte(line + at);
            if (b == '"') {
                return closed(line, at + 1, end, to);
            }
            if (b == '\\' && at + 1 < end) {
                at++;
                b = getByte(line + at);
                int high = b == 'x' && at + 2 < end ? Character.digit(getByte(line + at + 1), 16) : -1;
                int low = high < 0 ? -1 : Character.digit(getByte(line + at + 2), 16);
                if (low >= 0) {
                    b = (byte) (high << 4 | low);
                    at += 2;
                } else {
                    b = switch (b) {
                        case 'n' -> '\n';
                        case 'r' -> '\r';
                        case 't' -> '\t';
                        case 'b' -> '\b';
                        case 'a' -> 7;
                        default -> b;
                    };
                }
            }
            Memory.putByte(line + to++, b);
        }
        return -1;
    }

    private static long singleQuoted(long line, int from, int end, int target) {
        int to = target;
        for (int at = from; at < end; at++) {
            byte b = getByte(line + at);
            if (b == '\'') {
                return closed(line, at + 1, end, to);
            }
            if (b == '\\' && at + 1 < end && getByte(line + at + 1) == '\'') {
                at++;
                b = '\'';
            }
            Memory.putByte(line + to++, b);
        }
        return -1;
    }

    private static long closed(long line, int at, int end, int to) {
        return at < end && !isSpace(getByte(line + at)) ? -1 : (long) at << 32 | to;
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || (b >= '\t' && b <= '\r');
    }
}
