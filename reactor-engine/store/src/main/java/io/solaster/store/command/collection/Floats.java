package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.shard.CommandCall;

/** Reads numbers with a fraction as C's {@code strtod} does, in the two ways in which Redis asks it to. */
public final class Floats {
    /** A number that needs more characters is none that anybody wrote. */
    private static final int LONGEST = 4096;

    private Floats() {}

    /** The number that an argument is; NaN if it is none. */
    public static double parse(CommandCall call, int argument) {
        if (call.isInteger(argument)) {
            return call.integer();
        }
        if (call.length(argument) > LONGEST) {
            return Double.NaN;
        }
        return parse(call.word(argument, LONGEST + 1), call.length(argument));
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
