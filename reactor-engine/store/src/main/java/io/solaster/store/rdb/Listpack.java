package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.type.Packed;

/**
 * Redis's listpack: its length and the count of elements, the elements, a byte. An element is a head, its content, and how
 * long both are, so that a walk can go backwards. By address; all numbers little-endian but that last length.
 */
final class Listpack extends Elements {
    /** Bytes of the header. */
    static final int HEADER = 6;
    /** Bytes of header and end. */
    static final int EMPTY = HEADER + 1;

    private static final int END_BYTE = 0xff;
    private static final int UNCOUNTED = 0xffff;

    private int counted;
    private int seen;

    @Override
    boolean begin(long from, long bytes) {
        if (bytes < EMPTY || bytes > Integer.MAX_VALUE || Memory.littleEndian(Memory.getInt(from)) != (int) bytes
                || (Memory.getByte(from + bytes - 1) & 0xff) != END_BYTE) {
            return false;
        }
        counted = Memory.getByte(from + 4) & 0xff | (Memory.getByte(from + 5) & 0xff) << 8;
        seen = 0;
        at = from + HEADER;
        end = from + bytes - 1;
        return true;
    }

    @Override
    Found next(long digits) {
        if (at == end) {
            return counted == UNCOUNTED || counted == seen ? Found.END : Found.BAD;
        }
        long element = at;
        int head = Memory.getByte(element) & 0xff;
        int headBytes = headBytes(head);
        long left = end - element;
        if (headBytes == 0 || headBytes > left) {
            return Found.BAD;
        }
        long content = contentBytes(element, head);
        long body = headBytes + content;
        if (body >= left) {
            return Found.BAD;
        }
        int tail = tailBytes(body);
        if (body + tail > left || !isTail(element + body, tail, body)) {
            return Found.BAD;
        }
        at = element + body + tail;
        seen++;
        return isBytes(head)
                ? bytes(element + headBytes, (int) content)
                : number(number(element, head), digits);
    }

    private static boolean isBytes(int head) {
        return head >>> 6 == 2 || head >>> 4 == 0xe || head == 0xf0;
    }

    /** Of the head, with what it tells of a length; 0 for one that there is not. */
    private static int headBytes(int head) {
        if (head < 0xc0) {
            return 1;
        }
        if (head < 0xf0) {
            return 2;
        }
        return head == 0xf0 ? 5 : head <= 0xf4 ? 1 : 0;
    }

    /** Behind the head; its bytes are there. */
    private static long contentBytes(long element, int head) {
        if (head < 0x80) {
            return 0;
        }
        if (head < 0xc0) {
            return head & 0x3f;
        }
        if (head < 0xe0) {
            return 0;
        }
        if (head < 0xf0) {
            return (head & 0xfL) << 8 | Memory.getByte(element + 1) & 0xff;
        }
        return switch (head) {
            case 0xf0 -> Memory.littleEndian(Memory.getInt(element + 1)) & 0xffff_ffffL;
            case 0xf1 -> 2;
            case 0xf2 -> 3;
            case 0xf3 -> 4;
            default -> 8;
        };
    }

    private static long number(long element, int head) {
        if (head < 0x80) {
            return head;
        }
        if (head < 0xe0) {
            long value = (head & 0x1fL) << 8 | Memory.getByte(element + 1) & 0xff;
            return value << 51 >> 51;
        }
        return littleEndian(element + 1, (int) contentBytes(element, head));
    }

    /** A signed number of so many bytes. */
    static long littleEndian(long address, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (Memory.getByte(address + i) & 0xffL) << 8 * i;
        }
        int shift = 64 - 8 * bytes;
        return value << shift >> shift;
    }

    /** How many bytes tell a length backwards. The bounds are those of Redis, which are not the next powers of two. */
    private static int tailBytes(long body) {
        return body <= 127 ? 1 : body < 16_383 ? 2 : body < 2_097_151 ? 3 : body < 268_435_455 ? 4 : 5;
    }

    /** Seven bits a byte, the highest first; all but the first are marked. */
    private static int tailByte(long body, int bytes, int index) {
        return (int) (body >>> 7 * (bytes - 1 - index)) & 0x7f | (index == 0 ? 0 : 0x80);
    }

    private static boolean isTail(long address, int bytes, long body) {
        for (int i = 0; i < bytes; i++) {
            if ((Memory.getByte(address + i) & 0xff) != tailByte(body, bytes, i)) {
                return false;
            }
        }
        return true;
    }

    private static long putTail(long at, long body) {
        int bytes = tailBytes(body);
        for (int i = 0; i < bytes; i++) {
            Memory.putByte(at + i, (byte) tailByte(body, bytes, i));
        }
        return at + bytes;
    }

    // ---- writing

    /** Writes the header of one of so many bytes and elements; where the elements begin. */
    static long putHeader(long at, int bytes, int elements) {
        Memory.putInt(at, Memory.littleEndian(bytes));
        int count = Math.min(elements, UNCOUNTED);
        Memory.putByte(at + 4, (byte) count);
        Memory.putByte(at + 5, (byte) (count >>> 8));
        return at + HEADER;
    }

    /** Writes the last byte; where all ends. */
    static long putEnd(long at) {
        Memory.putByte(at, (byte) END_BYTE);
        return at + 1;
    }

    /** Bytes that an element of a {@link Packed} piece will take. */
    static int size(long element) {
        return Packed.isNumber(element) ? numberSize(Packed.number(element)) : bytesSize(Packed.length(element));
    }

    static int bytesSize(int length) {
        int body = (length < 64 ? 1 : length < 4096 ? 2 : 5) + length;
        return body + tailBytes(body);
    }

    static int numberSize(long value) {
        return 1 + numberBytes(value) + 1;
    }

    /** Behind the first byte. */
    private static int numberBytes(long value) {
        if (value >= 0 && value <= 127) {
            return 0;
        }
        if (value >= -4096 && value <= 4095) {
            return 1;
        }
        return value == (short) value ? 2 : value >= -(1 << 23) && value < 1 << 23 ? 3 : value == (int) value ? 4 : 8;
    }

    /** Writes an element of a {@link Packed} piece; where it ends. */
    static long put(long at, long element) {
        return Packed.isNumber(element)
                ? putNumber(at, Packed.number(element))
                : putBytes(at, Packed.address(element), Packed.length(element));
    }

    static long putBytes(long at, long address, int length) {
        long to = at;
        if (length < 64) {
            Memory.putByte(to++, (byte) (0x80 | length));
        } else if (length < 4096) {
            Memory.putByte(to++, (byte) (0xe0 | length >>> 8));
            Memory.putByte(to++, (byte) length);
        } else {
            Memory.putByte(to, (byte) 0xf0);
            Memory.putInt(to + 1, Memory.littleEndian(length));
            to += 5;
        }
        Memory.copy(address, to, length);
        return putTail(to + length, to + length - at);
    }

    /** Writes a text of fewer than 64 characters, all of them ASCII. */
    static long putText(long at, String text) {
        int length = text.length();
        Memory.putByte(at, (byte) (0x80 | length));
        for (int i = 0; i < length; i++) {
            Memory.putByte(at + 1 + i, (byte) text.charAt(i));
        }
        return putTail(at + 1 + length, 1L + length);
    }

    static long putNumber(long at, long value) {
        int bytes = numberBytes(value);
        switch (bytes) {
            case 0 -> Memory.putByte(at, (byte) value);
            case 1 -> {
                Memory.putByte(at, (byte) (0xc0 | value >>> 8 & 0x1f));
                Memory.putByte(at + 1, (byte) value);
            }
            default -> {
                Memory.putByte(at, (byte) (bytes == 8 ? 0xf4 : 0xef + bytes));
                for (int i = 0; i < bytes; i++) {
                    Memory.putByte(at + 1 + i, (byte) (value >>> 8 * i));
                }
            }
        }
        return putTail(at + 1 + bytes, 1L + bytes);
    }
}
