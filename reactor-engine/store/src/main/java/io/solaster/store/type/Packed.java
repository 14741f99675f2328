package io.solaster.store.type;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;

/**
 * Many elements in one piece of memory without gaps: what a small collection is, and each node of a large list. An
 * element is some bytes, or a number of 64 bits; digits that are exactly how such a number is written are always kept as
 * the number.
 *
 * <p>
 * A header of {@link #HEADER} bytes holds the length of the whole and the count of elements, at most
 * {@link #MOST_ELEMENTS}. An element is a head, which says what it is, its content, and a tail, which says how far back
 * the head lies, so that a walk can go either way. An element is known by the address of its head; the address behind
 * the last one is {@link #end}, and is the place to append at.
 *
 * <p>
 * Who changes it must have made room: an insertion adds the size of what is inserted, as {@link #size(long, int)} and
 * its like tell before; a removal takes it. Addresses of elements are valid until then; as the piece may be moved when
 * it is given room, a place is best kept as an offset from its beginning. What is inserted must not lie in the piece.
 * Nothing here is aligned. On the owning shard.
 */
public final class Packed {
    /** Bytes of the header. */
    public static final int HEADER = 6;
    /** So many elements can be counted. */
    public static final int MOST_ELEMENTS = 0xFFFF;

    private static final int COUNT = 4;

    // Heads. Below SHORT is a number that is the head itself; from there to SHORT_END bytes whose count is in the head.
    private static final int SHORT = 0x80;
    private static final int SHORT_END = 0xC0;
    private static final int NUMBER_1 = 0xC0;
    private static final int NUMBER_2 = 0xC1;
    private static final int NUMBER_4 = 0xC2;
    private static final int NUMBER_8 = 0xC3;
    private static final int MEDIUM = 0xC4; // two bytes of length
    private static final int LONG = 0xC5; // four bytes of length

    // Tails. One byte, or this behind four bytes.
    private static final int FAR = 0xFF;

    private Packed() {}

    // ---- the whole

    /** Writes the header of one without elements. */
    public static void clear(long packed) {
        Memory.putInt(packed, HEADER);
        Memory.putShort(packed + COUNT, (short) 0);
    }

    /** Bytes of the whole, the header included. */
    public static int bytes(long packed) {
        return Memory.getInt(packed);
    }

    /** Elements. */
    public static int count(long packed) {
        return Memory.getShort(packed + COUNT) & 0xFFFF;
    }

    /** The first element; {@link #end} if there is none. */
    public static long first(long packed) {
        return packed + HEADER;
    }

    /** The address behind the last element. */
    public static long end(long packed) {
        return packed + bytes(packed);
    }

    /** The last element; the piece must have one. */
    public static long last(long packed) {
        return previous(end(packed));
    }

    /**
     * The element at an index, found from the nearer end.
     *
     * @param index from 0 to {@link #count}; that one is {@link #end}
     */
    public static long at(long packed, int index) {
        int count = count(packed);
        long element;
        if (index <= count >>> 1) {
            element = first(packed);
            for (int i = 0; i < index; i++) {
                element = next(element);
            }
        } else {
            element = end(packed);
            for (int i = count; i > index; i--) {
                element = previous(element);
            }
        }
        return element;
    }

    /**
     * The first element that equals some bytes, or 0.
     *
     * @param from an element, or {@link #end}
     * @param step 1 to look at each, 2 to look at every other, as for fields that are followed by their values
     */
    public static long find(long packed, long from, long address, int length, int step) {
        long end = end(packed);
        boolean number = Decimal.isLong(address, length);
        long value = number ? Decimal.parse(address, length) : 0;
        long element = from;
        while (element < end) {
            int head = Memory.getByte(element) & 0xFF;
            if (number
                    ? isNumber(head) && number(element, head) == value
                    : !isNumber(head) && contentLength(element, head) == length
                            && Memory.equal(element + headBytes(head), address, length)) {
                return element;
            }
            for (int i = 0; i < step; i++) {
                element = next(element);
            }
        }
        return 0;
    }

    // ---- walking

    /** The element behind this one, or {@link #end}. */
    public static long next(long element) {
        int body = body(element);
        return element + body + (body < FAR ? 1 : 5);
    }

    /** The element before this one or before {@link #end}; there must be one. */
    public static long previous(long element) {
        int tail = Memory.getByte(element - 1) & 0xFF;
        return tail == FAR ? element - 5 - Memory.getInt(element - 5) : element - 1 - tail;
    }

    // ---- an element

    /** Whether an element is a number. */
    public static boolean isNumber(long element) {
        return isNumber(Memory.getByte(element) & 0xFF);
    }

    /** The number that an element is. */
    public static long number(long element) {
        return number(element, Memory.getByte(element) & 0xFF);
    }

    /** How many bytes an element stands for; of a number the digits and the sign. */
    public static int length(long element) {
        int head = Memory.getByte(element) & 0xFF;
        return isNumber(head) ? Digits.length(number(element, head)) : contentLength(element, head);
    }

    /** Where the bytes lie of an element that is no number. */
    public static long address(long element) {
        return element + headBytes(Memory.getByte(element) & 0xFF);
    }

    /**
     * Writes the bytes that an element stands for.
     *
     * @return how many: its {@link #length}
     */
    public static int copy(long element, long to) {
        int length = length(element);
        if (isNumber(element)) {
            Digits.write(number(element), to, length);
        } else {
            Memory.copy(address(element), to, length);
        }
        return length;
    }

    /** Whether an element stands for exactly these bytes. */
    public static boolean equal(long element, long address, int length) {
        int head = Memory.getByte(element) & 0xFF;
        if (isNumber(head)) {
            return Decimal.isLong(address, length) && Decimal.parse(address, length) == number(element, head);
        }
        return contentLength(element, head) == length && Memory.equal(element + headBytes(head), address, length);
    }

    /** Bytes that an element takes up, all of it. */
    public static int size(long element) {
        return (int) (next(element) - element);
    }

    // ---- sizes before they are taken

    /** Bytes that an element of these bytes takes up. */
    public static int size(long address, int length) {
        return Decimal.isLong(address, length) ? numberSize(Decimal.parse(address, length)) : bytesSize(length);
    }

    /** Bytes that an element takes up that is this number. */
    public static int numberSize(long value) {
        return 1 + numberBytes(value) + 1;
    }

    /** The most bytes that an element of so many bytes takes up. */
    public static int bytesSize(int length) {
        int body = headBytes(bytesHead(length)) + length;
        return body + (body < FAR ? 1 : 5);
    }

    // ---- changes

    /**
     * Inserts an element before another one, or at the end.
     *
     * @param at an element, or {@link #end}
     * @return the address behind it
     */
    public static long insert(long packed, long at, long address, int length) {
        if (Decimal.isLong(address, length)) {
            return insertNumber(packed, at, Decimal.parse(address, length));
        }
        open(packed, at, bytesSize(length), 1);
        return putBytes(at, address, length);
    }

    /** As {@link #insert}, of a number. */
    public static long insertNumber(long packed, long at, long value) {
        open(packed, at, numberSize(value), 1);
        return putNumber(at, value);
    }

    /** As {@link #insert}, of bytes that are kept as they are, even if they are the digits of a number. */
    public static long insertRaw(long packed, long at, long address, int length) {
        open(packed, at, bytesSize(length), 1);
        return putBytes(at, address, length);
    }

    /** As {@link #insert}, of elements of another piece, one behind the other. */
    public static long insertElements(long packed, long at, long elements, int bytes, int count) {
        open(packed, at, bytes, count);
        Memory.copy(elements, at, bytes);
        return at + bytes;
    }

    /**
     * Inserts an element before the first one, in room that lies before the piece: nothing else is moved.
     *
     * @return where the piece begins now: the element's size before where it began
     */
    public static long prepend(long packed, long address, int length) {
        int size = size(address, length);
        long begin = packed - size;
        Memory.putInt(begin, bytes(packed) + size);
        Memory.putShort(begin + COUNT, (short) (count(packed) + 1));
        if (Decimal.isLong(address, length)) {
            putNumber(begin + HEADER, Decimal.parse(address, length));
        } else {
            putBytes(begin + HEADER, address, length);
        }
        return begin;
    }

    /**
     * Removes the first elements: nothing else is moved.
     *
     * @param until the address behind the last of them
     * @param count how many they are
     * @return where the piece begins now
     */
    public static long removeFirst(long packed, long until, int count) {
        int bytes = bytes(packed);
        int left = count(packed) - count;
        long begin = until - HEADER;
        Memory.putInt(begin, bytes - (int) (begin - packed));
        Memory.putShort(begin + COUNT, (short) left);
        return begin;
    }

    /**
     * Puts an element in the place of another.
     *
     * @return the address behind it
     */
    public static long replace(long packed, long at, long address, int length) {
        if (Decimal.isLong(address, length)) {
            return replaceNumber(packed, at, Decimal.parse(address, length));
        }
        open(packed, at, bytesSize(length) - size(at), 0);
        return putBytes(at, address, length);
    }

    /** As {@link #replace}, with a number. */
    public static long replaceNumber(long packed, long at, long value) {
        open(packed, at, numberSize(value) - size(at), 0);
        return putNumber(at, value);
    }

    /** As {@link #replace}, with bytes that are kept as they are, even if they are the digits of a number. */
    public static long replaceRaw(long packed, long at, long address, int length) {
        open(packed, at, bytesSize(length) - size(at), 0);
        return putBytes(at, address, length);
    }

    /** Removes an element. What was behind it has its address then. */
    public static void remove(long packed, long at) {
        remove(packed, at, next(at), 1);
    }

    /**
     * Removes elements that follow each other.
     *
     * @param until the address behind the last of them
     * @param count how many they are
     */
    public static void remove(long packed, long at, long until, int count) {
        long end = end(packed);
        Memory.copy(until, at, end - until);
        grown(packed, (int) (at - until), -count);
    }

    /** Moves what lies from an address on, so that there is room for so many bytes more, or fewer. */
    private static void open(long packed, long at, int bytes, int count) {
        if (bytes != 0) {
            long end = end(packed);
            // What makes way for less is the beginning of the element that is replaced.
            long from = bytes < 0 ? at - bytes : at;
            if (from < end) {
                Memory.copy(from, from + bytes, end - from);
            }
        }
        grown(packed, bytes, count);
    }

    private static void grown(long packed, int bytes, int count) {
        Memory.putInt(packed, bytes(packed) + bytes);
        if (count != 0) {
            Memory.putShort(packed + COUNT, (short) (count(packed) + count));
        }
    }

    private static long putBytes(long at, long address, int length) {
        int head = bytesHead(length);
        Memory.putByte(at, (byte) head);
        if (head == MEDIUM) {
            Memory.putShort(at + 1, (short) length);
        } else if (head == LONG) {
            Memory.putInt(at + 1, length);
        }
        int headBytes = headBytes(head);
        if (length < 16) {
            for (int i = 0; i < length; i++) {
                Memory.putByte(at + headBytes + i, Memory.getByte(address + i));
            }
        } else {
            Memory.copy(address, at + headBytes, length);
        }
        return putTail(at, headBytes + length);
    }

    private static long putNumber(long at, long value) {
        int bytes = numberBytes(value);
        switch (bytes) {
            case 0 -> Memory.putByte(at, (byte) value);
            case 1 -> {
                Memory.putByte(at, (byte) NUMBER_1);
                Memory.putByte(at + 1, (byte) value);
            }
            case 2 -> {
                Memory.putByte(at, (byte) NUMBER_2);
                Memory.putShort(at + 1, (short) value);
            }
            case 4 -> {
                Memory.putByte(at, (byte) NUMBER_4);
                Memory.putInt(at + 1, (int) value);
            }
            default -> {
                Memory.putByte(at, (byte) NUMBER_8);
                Memory.putLong(at + 1, value);
            }
        }
        return putTail(at, 1 + bytes);
    }

    private static long putTail(long at, int body) {
        long tail = at + body;
        if (body < FAR) {
            Memory.putByte(tail, (byte) body);
            return tail + 1;
        }
        Memory.putInt(tail, body);
        Memory.putByte(tail + 4, (byte) FAR);
        return tail + 5;
    }

    /** Bytes of head and content. */
    private static int body(long element) {
        int head = Memory.getByte(element) & 0xFF;
        return headBytes(head) + contentBytes(element, head);
    }

    private static int contentBytes(long element, int head) {
        return switch (head) {
            case NUMBER_1 -> 1;
            case NUMBER_2 -> 2;
            case NUMBER_4 -> 4;
            case NUMBER_8 -> 8;
            default -> head < SHORT ? 0 : contentLength(element, head);
        };
    }

    /** Of an element that is no number. */
    private static int contentLength(long element, int head) {
        return head < SHORT_END
                ? head - SHORT
                : head == MEDIUM ? Memory.getShort(element + 1) & 0xFFFF : Memory.getInt(element + 1);
    }

    private static boolean isNumber(int head) {
        return head < SHORT || head >= NUMBER_1 && head <= NUMBER_8;
    }

    private static int headBytes(int head) {
        return head < MEDIUM ? 1 : head == MEDIUM ? 3 : 5;
    }

    private static int bytesHead(int length) {
        return length < SHORT_END - SHORT ? SHORT + length : length <= 0xFFFF ? MEDIUM : LONG;
    }

    private static int numberBytes(long value) {
        if (value >= 0 && value < SHORT) {
            return 0;
        }
        return value == (byte) value ? 1 : value == (short) value ? 2 : value == (int) value ? 4 : 8;
    }

    private static long number(long element, int head) {
        return switch (head) {
            case NUMBER_1 -> Memory.getByte(element + 1);
            case NUMBER_2 -> Memory.getShort(element + 1);
            case NUMBER_4 -> Memory.getInt(element + 1);
            case NUMBER_8 -> Memory.getLong(element + 1);
            default -> head;
        };
    }
}
