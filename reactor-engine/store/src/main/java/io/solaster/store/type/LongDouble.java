package io.solaster.store.type;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A number as C's {@code long double} is on x86: 64 bits of precision, exponents of 15 bits, rounded half to even. With
 * it INCRBYFLOAT and HINCRBYFLOAT answer what Redis answers there, digit by digit, on every machine. Any thread.
 */
public final class LongDouble {
    public static final LongDouble ZERO = new LongDouble(BigInteger.ZERO, 0);
    private static final LongDouble INFINITE = new LongDouble(BigInteger.ZERO, 0);

    /** What Redis reads is shorter than this. */
    private static final int MAX_LENGTH = 5 * 1024;
    private static final int PRECISION = 64;
    /** The lowest bit of the smallest number. */
    private static final int MIN_EXPONENT = -16445;
    /** All numbers lie below two to this power. */
    private static final int MAX_BITS = 16384;
    /** Decimal and hexadecimal exponents beyond this are too large for any mantissa that fits {@link #MAX_LENGTH}. */
    private static final int MAX_POWER = 100_000;
    private static final int FRACTION_DIGITS = 17;
    private static final BigInteger FRACTION = BigInteger.TEN.pow(FRACTION_DIGITS);

    private final BigInteger mantissa;
    private final int exponent;

    private LongDouble(BigInteger mantissa, int exponent) {
        this.mantissa = mantissa;
        this.exponent = exponent;
    }

    /** False for what no longer has a value: too large, or "inf" as it was read. */
    public boolean isFinite() {
        return this != INFINITE;
    }

    /** The sum, as near as the precision allows; not finite if it, or one of both, is not. */
    public LongDouble plus(LongDouble other) {
        if (!isFinite() || !other.isFinite()) {
            return INFINITE;
        }
        int lower = Math.min(exponent, other.exponent);
        BigInteger sum = mantissa.shiftLeft(exponent - lower).add(other.mantissa.shiftLeft(other.exponent - lower));
        return rounded(sum, lower, false);
    }

    /** Rounds to the precision; {@code more} says that the magnitude is a little above what is given. */
    private static LongDouble rounded(BigInteger value, int exponent, boolean more) {
        BigInteger magnitude = value.abs();
        int drop = Math.max(magnitude.bitLength() - PRECISION, MIN_EXPONENT - exponent);
        int newExponent = exponent;
        if (drop > 0) {
            magnitude = halfEven(magnitude, drop, more);
            newExponent += drop;
        }
        if (magnitude.signum() == 0) {
            return ZERO;
        }
        if (magnitude.bitLength() + newExponent > MAX_BITS) {
            return INFINITE;
        }
        return new LongDouble(value.signum() < 0 ? magnitude.negate() : magnitude, newExponent);
    }

    private static BigInteger halfEven(BigInteger magnitude, int drop, boolean more) {
        BigInteger kept = magnitude.shiftRight(drop);
        boolean half = magnitude.testBit(drop - 1);
        boolean above = more || magnitude.getLowestSetBit() < drop - 1;
        return half && (above || kept.testBit(0)) ? kept.add(BigInteger.ONE) : kept;
    }

    /**
     * Reads a number as C's {@code strtold} does, decimal or hexadecimal, with nothing before or behind it.
     *
     * @return null if none stands there, or one that is too large or, other than 0, too small
     */
    @Nullable
    public static LongDouble parse(long address, int length) {
        if (length == 0 || length >= MAX_LENGTH) {
            return null;
        }
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return parse(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Nullable
    static LongDouble parse(String text) {
        int at = !text.isEmpty() && (text.charAt(0) == '-' || text.charAt(0) == '+') ? 1 : 0;
        boolean negative = at == 1 && text.charAt(0) == '-';
        if (text.regionMatches(true, at, "inf", 0, 3)) {
            int rest = text.length() - at;
            return rest == 3 || rest == 8 && text.regionMatches(true, at, "infinity", 0, 8) ? INFINITE : null;
        }
        return text.regionMatches(true, at, "0x", 0, 2)
                ? number(text, at + 2, 16, 'p', negative)
                : number(text, at, 10, 'e', negative);
    }

    @Nullable
    private static LongDouble number(String text, int from, int radix, char mark, boolean negative) {
        StringBuilder digits = new StringBuilder();
        int point = -1;
        int at = from;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '.' && point < 0) {
                point = digits.length();
            } else if (c < 128 && Character.digit(c, radix) >= 0) {
                digits.append(c);
            } else {
                break;
            }
        }
        if (digits.isEmpty()) {
            return null;
        }
        long power = 0;
        if (at < text.length()) {
            if ((text.charAt(at) | 0x20) != mark || !isExponent(text, at + 1)) {
                return null;
            }
            power = exponent(text, at + 1);
        }
        BigInteger value = new BigInteger(digits.toString(), radix);
        if (value.signum() == 0) {
            return ZERO;
        }
        int fraction = point < 0 ? 0 : digits.length() - point;
        LongDouble number = radix == 16
                ? power(value, power - 4L * fraction)
                : decimal(value, power - fraction, digits.length());
        if (number == null || !number.isFinite() || number.mantissa.signum() == 0) {
            return null;
        }
        return negative ? new LongDouble(number.mantissa.negate(), number.exponent) : number;
    }

    private static boolean isExponent(String text, int from) {
        int at = from < text.length() && (text.charAt(from) == '-' || text.charAt(from) == '+') ? from + 1 : from;
        if (at == text.length()) {
            return false;
        }
        for (; at < text.length(); at++) {
            if (text.charAt(at) < '0' || text.charAt(at) > '9') {
                return false;
            }
        }
        return true;
    }

    private static int exponent(String text, int from) {
        boolean negative = text.charAt(from) == '-';
        int value = 0;
        for (int i = negative || text.charAt(from) == '+' ? from + 1 : from; i < text.length(); i++) {
            value = Math.min(MAX_POWER, value * 10 + text.charAt(i) - '0');
        }
        return negative ? -value : value;
    }

    /** A value times a power of 2. */
    @Nullable
    private static LongDouble power(BigInteger value, long power) {
        if (power > MAX_BITS || power + value.bitLength() < MIN_EXPONENT) {
            return null;
        }
        return rounded(value, (int) power, false);
    }

    /** A value of so many digits times a power of 10. */
    @Nullable
    private static LongDouble decimal(BigInteger value, long power, int digits) {
        if (power > MAX_LENGTH || power + digits < -MAX_LENGTH) {
            return null;
        }
        if (power >= 0) {
            return rounded(value.multiply(BigInteger.TEN.pow((int) power)), 0, false);
        }
        BigInteger divisor = BigInteger.TEN.pow((int) -power);
        // Two bits more than the precision, so that what is left over only says "a little above".
        int shift = Math.max(0, PRECISION + 2 + divisor.bitLength() - value.bitLength());
        BigInteger[] parts = value.shiftLeft(shift).divideAndRemainder(divisor);
        return rounded(parts[0], -shift, parts[1].signum() != 0);
    }

    /** With at most 17 digits behind the point, as {@code %.17Lf} without zeros at the end; of a finite number. */
    @Override
    public String toString() {
        BigInteger magnitude = mantissa.abs();
        String digits;
        if (exponent >= 0) {
            digits = magnitude.shiftLeft(exponent) + "0".repeat(FRACTION_DIGITS);
        } else {
            digits = halfEven(magnitude.multiply(FRACTION), -exponent, false).toString();
            digits = "0".repeat(Math.max(0, FRACTION_DIGITS + 1 - digits.length())) + digits;
        }
        int point = digits.length() - FRACTION_DIGITS;
        int end = digits.length();
        while (end > point && digits.charAt(end - 1) == '0') {
            end--;
        }
        String text = digits.substring(0, point) + (end == point ? "" : "." + digits.substring(point, end));
        return mantissa.signum() < 0 && !text.equals("0") ? "-" + text : text;
    }
}
