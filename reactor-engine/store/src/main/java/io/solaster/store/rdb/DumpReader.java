package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;

/**
 * Reads what {@code DUMP} has written, here or in Redis: a byte for the type, the value, the format's version and a check
 * sum. Whatever it is given, it reads no further than that.
 */
public final class DumpReader {
    /** The type of a value that is a string. */
    public static final int STRING = 0;
    /** Version and check sum. */
    static final int FOOTER = 10;
    /** The newest version that is read; what strings look like has not changed for long. */
    private static final int NEWEST = 12;

    static final int INT_8 = 0xc0;
    static final int INT_16 = 0xc1;
    static final int INT_32 = 0xc2;
    static final int COMPRESSED = 0xc3;
    static final int LENGTH_32 = 0x80;
    static final int LENGTH_64 = 0x81;

    private long at;
    private long end;
    private long number;

    // The string last found.
    private int form;
    private long from;
    private long size;
    private long length;

    /** Whether a check sum stands at the end that fits, and a version that is known. */
    public static boolean isWhole(long address, int length) {
        if (length < FOOTER) {
            return false;
        }
        long footer = address + length - FOOTER;
        int version = Memory.getByte(footer) & 0xff | (Memory.getByte(footer + 1) & 0xff) << 8;
        return version <= NEWEST
                && Crc64.of(0, address, length - 8L) == Memory.littleEndian(Memory.getLong(footer + 2));
    }

    /** Begins to read one that {@link #isWhole}. */
    public void begin(long address, int whole) {
        at = address;
        end = address + whole - FOOTER;
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
