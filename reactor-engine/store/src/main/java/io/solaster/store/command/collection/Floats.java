package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.shard.CommandCall;

/** Reads numbers with a fraction as C's {@code strtod} does, in the two ways in which Redis asks it to. */
public final class Floats {
    /** A number that needs more characters is none that anybody wrote. */
    private static final int LONGEST = 4096;
    /** Whole numbers up to this are doubles. */
    private static final long MOST_EXACT = 1L << 53;
    /** All that are doubles without loss. */
    private static final double[] POWERS_OF_TEN = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
            1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

    private Floats() {}

    /** The number that an argument is; NaN if it is none. */
    public static double parse(CommandCall call, int argument) {
        if (call.isInteger(argument)) {
            return call.integer();
        }
        double plain = plain(call.address(argument), call.length(argument));
        if (!Double.isNaN(plain)) {
            return plain;
        }
        if (call.length(argument) > LONGEST) {
            return Double.NaN;
        }
        return parse(call.word(argument, LONGEST + 1), call.length(argument));
    }

    /**
     * The number that stands there as digits, with a point among them or not, without allocating; NaN if it is written in another
     * way, or with so many digits that it takes more than one exact division (Clinger, PLDI 1990).
     */
    static double plain(long address, int length) {
        byte sign = length == 0 ? 0 : Memory.getByte(address);
        int from = sign == '-' || sign == '+' ? 1 : 0;
        long digits = 0;
        int point = -1;
        for (int at = from; at < length; at++) {
            byte c = Memory.getByte(address + at);
            if (c == '.' && point < 0) {
                point = at;
            } else if (c < '0' || c > '9' || digits > MOST_EXACT / 10 - 1) {
                return Double.NaN;
            } else {
                digits = digits * 10 + c - '0';
            }
        }
        int fraction = point < 0 ? 0 : length - point - 1;
        if (length - from - (point < 0 ? 0 : 1) < 1 || fraction >= POWERS_OF_TEN.length) {
            return Double.NaN;
        }
        double value = digits / POWERS_OF_TEN[fraction];
        return sign == '-' ? -value : value;
    }

    /** The number that a text is, up to its end; NaN if it is none, or too large or too small for a double. */
    private static double parse(String text, int length) {
        // A word ends at a NUL.
        if (text.length() != length || text.isEmpty()) {
            return Double.NaN;
        }
        double value = convert(text);
        boolean digits = Double.isInfinite(value) && hasDigit(text) || value == 0 && hasOtherThanZero(text);
        return digits ? Double.NaN : value;
    }

    private static boolean hasDigit(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                return true;
            }
        }
        return false;
    }

    private static boolean hasOtherThanZero(String text) {
        boolean hexadecimal = isHexadecimal(text);
        for (int i = 0; i < text.length(); i++) {
            char c = Character.toLowerCase(text.charAt(i));
            if (c == (hexadecimal ? 'p' : 'e')) {
                return false;
            }
            if (c >= '1' && c <= '9' || hexadecimal && c >= 'a' && c <= 'f') {
                return true;
            }
        }
        return false;
    }

    /** A bound: as {@link #parse}, but blanks may stand before it, and nothing at all is 0. */
    public static double bound(CommandCall call, int argument, boolean exclusive) {
        int from = exclusive ? 1 : 0;
        if (call.length(argument) > LONGEST) {
            return Double.NaN;
        }
        String text = call.word(argument, LONGEST + 1).substring(from);
        if (text.isEmpty()) {
            return 0;
        }
        int start = 0;
        while (start < text.length() && (text.charAt(start) == ' ' || text.charAt(start) >= '\t'
                && text.charAt(start) <= '\r')) {
            start++;
        }
        return start == text.length() ? Double.NaN : convert(text.substring(start));
    }

    /** What a value weighs that is sorted by: as a bound, but NaN if it is too large or too small for a double. */
    public static double weight(String text) {
        if (text.isEmpty()) {
            return 0;
        }
        int start = 0;
        while (start < text.length() && (text.charAt(start) == ' ' || text.charAt(start) >= '\t'
                && text.charAt(start) <= '\r')) {
            start++;
        }
        return text.length() > LONGEST || start == text.length()
                ? Double.NaN
                : parse(text.substring(start), text.length() - start);
    }

    /** Whether an argument begins with a parenthesis: then it is a bound that is itself left out. */
    public static boolean isExclusive(CommandCall call, int argument) {
        return call.length(argument) > 0 && Memory.getByte(call.address(argument)) == '(';
    }

    private static boolean isHexadecimal(String text) {
        int at = text.charAt(0) == '-' || text.charAt(0) == '+' ? 1 : 0;
        return text.regionMatches(true, at, "0x", 0, 2);
    }

    private static double convert(String text) {
        int at = text.charAt(0) == '-' || text.charAt(0) == '+' ? 1 : 0;
        double sign = text.charAt(0) == '-' ? -1 : 1;
        if (text.regionMatches(true, at, "inf", 0, 3)) {
            return text.length() == at + 3 || text.length() == at + 8 && text.regionMatches(true, at, "infinity", 0, 8)
                    ? sign * Double.POSITIVE_INFINITY
                    : Double.NaN;
        }
        boolean hexadecimal = isHexadecimal(text);
        int end = number(text, hexadecimal ? at + 2 : at, hexadecimal);
        if (end != text.length()) {
            return Double.NaN;
        }
        boolean power = hexadecimal && text.toLowerCase(java.util.Locale.ROOT).indexOf('p') < 0;
        return Double.parseDouble(power ? text + "p0" : text);
    }

    /** Where the digits that begin somewhere end, with what may stand among and behind them; -1 if there are none. */
    private static int number(String text, int from, boolean hexadecimal) {
        int at = digits(text, from, hexadecimal);
        int count = at - from;
        if (at < text.length() && text.charAt(at) == '.') {
            int fraction = digits(text, at + 1, hexadecimal);
            count += fraction - at - 1;
            at = fraction;
        }
        if (count == 0) {
            return -1;
        }
        if (at < text.length() && Character.toLowerCase(text.charAt(at)) == (hexadecimal ? 'p' : 'e')) {
            int exponent = at + 1;
            if (exponent < text.length() && (text.charAt(exponent) == '-' || text.charAt(exponent) == '+')) {
                exponent++;
            }
            int end = digits(text, exponent, false);
            return end == exponent ? -1 : end;
        }
        return at;
    }

    private static int digits(String text, int from, boolean hexadecimal) {
        int at = from;
        while (at < text.length()) {
            char c = Character.toLowerCase(text.charAt(at));
            if ((c < '0' || c > '9') && !(hexadecimal && c >= 'a' && c <= 'f')) {
                break;
            }
            at++;
        }
        return at;
    }
}
