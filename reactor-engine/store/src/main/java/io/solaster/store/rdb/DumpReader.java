package io.solaster.store.rdb;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.type.Decimal;

/**
 * Reads what {@code DUMP} has written, here or in Redis: a byte for the type, the value, the format's version and a check
 * sum. What the value is made of are lengths, strings and scores. Whatever it is given, it reads no further than that.
 */
public final class DumpReader {
    /** The type of a value that is a string. */
    public static final int STRING = 0;
    /** Bytes of version and check sum. */
    public static final int FOOTER = 10;
    /** The newest version that is read: that of Redis 7.4. */
    public static final int NEWEST = 12;
    /** The longest score that is written as digits. */
    private static final int LONGEST_SCORE = 128;

    static final int INT_8 = 0xc0;
    static final int INT_16 = 0xc1;
    static final int INT_32 = 0xc2;
    static final int COMPRESSED = 0xc3;
    static final int LENGTH_32 = 0x80;
    static final int LENGTH_64 = 0x81;

    private long at;
    private long end;
    private long number;
    private double score;

    // The string last found.
    private int form;
    private long from;
    private long size;
    private long length;

    /** Whether a check sum stands at the end that fits, and a version that is known. */
    public static boolean isWhole(long address, int length) {
        return hasFooter(address, length) && isSum(address, length, Crc64.of(0, address, length - 8L));
    }

    /** Whether a footer may stand at the end, with a version that is known. */
    public static boolean hasFooter(long address, int length) {
        if (length < FOOTER) {
            return false;
        }
        long footer = address + length - FOOTER;
        return (Memory.getByte(footer) & 0xff | (Memory.getByte(footer + 1) & 0xff) << 8) <= NEWEST;
    }

    /** Whether the check sum at the end is that of all bytes before it. */
    public static boolean isSum(long address, int length, long sum) {
        return sum == Memory.littleEndian(Memory.getLong(address + length - 8));
    }

    /** Begins to read one that {@link #isWhole}. */
    public void begin(long address, int whole) {
        feed(address, whole - FOOTER);
    }

    /** Goes on with other bytes: a value without a footer, or a part of one. */
    public void feed(long address, int bytes) {
        at = address;
        end = address + bytes;
    }

    /** Whether all was read. */
    public boolean isAtEnd() {
        return at == end;
    }

    /** The type of the value; -1 if there is none. */
    public int type() {
        return at < end ? Memory.getByte(at++) & 0xff : -1;
    }

    /** Whether a string comes next; it is skipped, and {@link #length} and {@link #write} are of it. */
    public boolean isString() {
        if (at == end) {
            return false;
        }
        form = Memory.getByte(at) & 0xff;
        if (form >= INT_8 && form <= INT_32) {
            at++;
            return isNumber(1 << (form - INT_8));
        }
        if (form == COMPRESSED) {
            at++;
            return isCompressed();
        }
        form = 0;
        if (!isLength() || number < 0 || number > end - at) {
            return false;
        }
        length = number;
        from = at;
        at += length;
        return true;
    }

    private boolean isNumber(int bytes) {
        if (end - at < bytes) {
            return false;
        }
        number = switch (bytes) {
            case 1 -> Memory.getByte(at);
            case 2 -> (short) (Memory.getByte(at) & 0xff | Memory.getByte(at + 1) << 8);
            default -> Memory.littleEndian(Memory.getInt(at));
        };
        at += bytes;
        length = Digits.length(number);
        return true;
    }

    private boolean isCompressed() {
        if (!isLength()) {
            return false;
        }
        size = number;
        if (!isLength()) {
            return false;
        }
        length = number;
        from = at;
        if (size < 0 || size > end - at || length < 0 || !Lzf.isValid(from, size, length)) {
            return false;
        }
        at += size;
        return true;
    }

    /** Whether a count or a length comes next, which is then {@link #count}: negative if it is 2^63 or more. */
    public boolean isCount() {
        return isLength();
    }

    /** The count that was found last. */
    public long count() {
        return number;
    }

    /** Whether a number of eight bytes comes next, the lowest first, which is then {@link #count}. */
    public boolean isLong() {
        if (end - at < 8) {
            return false;
        }
        number = Memory.littleEndian(Memory.getLong(at));
        at += 8;
        return true;
    }

    /** Whether a score comes next that is no NaN; then {@link #score} is it. */
    public boolean isScore() {
        if (!isLong()) {
            return false;
        }
        score = Double.longBitsToDouble(number);
        return !Double.isNaN(score);
    }

    /** As {@link #isScore}, in the digits that Redis wrote once. */
    public boolean isScoreInDigits() {
        if (at == end) {
            return false;
        }
        int digits = Memory.getByte(at++) & 0xff;
        if (digits >= 0xfd) {
            score = digits == 0xfe ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
            return digits != 0xfd;
        }
        if (digits > end - at) {
            return false;
        }
        at += digits;
        score = score(at - digits, digits);
        return !Double.isNaN(score);
    }

    /** The score that was found last. */
    public double score() {
        return score;
    }

    /** The number that digits stand for, as C writes it; NaN for anything else. */
    static double score(long address, int length) {
        if (Decimal.isLong(address, length)) {
            return Decimal.parse(address, length);
        }
        if (length == 0 || length > LONGEST_SCORE) {
            return Double.NaN;
        }
        byte[] text = new byte[length];
        Memory.copy(address, text, 0, length);
        String digits = new String(text, StandardCharsets.ISO_8859_1);
        if (digits.endsWith("inf")) {
            return switch (digits) {
                case "inf", "+inf" -> Double.POSITIVE_INFINITY;
                case "-inf" -> Double.NEGATIVE_INFINITY;
                default -> Double.NaN;
            };
        }
        for (int i = 0; i < length; i++) {
            // Java reads more than that: blanks, hexadecimal digits, and letters behind.
            if ("0123456789+-.eE".indexOf(digits.charAt(i)) < 0) {
                return Double.NaN;
            }
        }
        try {
            return Double.parseDouble(digits);
        } catch (NumberFormatException none) {
            return Double.NaN;
        }
    }

    /** Whether a length comes next, which is then {@link #number}: negative if it is over 2^63. */
    private boolean isLength() {
        if (at == end) {
            return false;
        }
        int first = Memory.getByte(at++) & 0xff;
        switch (first >>> 6) {
            case 0 -> number = first;
            case 1 -> {
                if (at == end) {
                    return false;
                }
                number = (first & 0x3fL) << 8 | Memory.getByte(at++) & 0xff;
            }
            default -> {
                int bytes = first == LENGTH_32 ? 4 : first == LENGTH_64 ? 8 : 0;
                if (bytes == 0 || end - at < bytes) {
                    return false;
                }
                number = 0;
                for (int i = 0; i < bytes; i++) {
                    number = number << 8 | Memory.getByte(at++) & 0xff;
                }
            }
        }
        return true;
    }

    /** Where the bytes of the string last found lie; 0 if they do not lie there as they are, and have to be written. */
    public long address() {
        return form == 0 ? from : 0;
    }

    /** Bytes of the string last found. */
    public long length() {
        return length;
    }

    /** Writes the {@link #length} bytes of the string last found. */
    public void write(long to) {
        switch (form) {
            case 0 -> Memory.copy(from, to, length);
            case COMPRESSED -> Lzf.decompress(from, size, to, length);
            default -> Digits.write(number, to, (int) length);
        }
    }
}
