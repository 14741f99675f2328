package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;

/**
 * Redis's ziplist, which its versions before 7 wrote: three numbers about the whole, the elements, each behind the length of
 * the one before, a byte. By address; lengths of strings are big-endian, all else is little-endian.
 */
final class Ziplist extends Elements {
    private static final int HEADER = 10;
    private static final int END_BYTE = 0xff;
    private static final int FAR = 0xfe;
    private static final int UNCOUNTED = 0xffff;

    private long from;
    private int counted;
    private int seen;
    private long last; // where the last element is said to begin
    private long before; // bytes of the element before

    @Override
    boolean begin(long address, long bytes) {
        if (bytes <= HEADER || bytes > Integer.MAX_VALUE || Memory.littleEndian(Memory.getInt(address)) != (int) bytes
                || (Memory.getByte(address + bytes - 1) & 0xff) != END_BYTE) {
            return false;
        }
        from = address;
        last = Memory.littleEndian(Memory.getInt(address + 4)) & 0xffff_ffffL;
        counted = Memory.getByte(address + 8) & 0xff | (Memory.getByte(address + 9) & 0xff) << 8;
        seen = 0;
        before = 0;
        at = address + HEADER;
        end = address + bytes - 1;
        return true;
    }

    @Override
    Found next(long digits) {
        if (at == end) {
            boolean whole = (counted == UNCOUNTED || counted == seen) && at - before - from == last;
            return whole ? Found.END : Found.BAD;
        }
        long element = at;
        int first = Memory.getByte(element) & 0xff;
        int lengthBytes = first == FAR ? 5 : 1;
        if (first == END_BYTE || end - element <= lengthBytes) {
            return Found.BAD;
        }
        long told = first == FAR ? Memory.littleEndian(Memory.getInt(element + 1)) & 0xffff_ffffL : first;
        if (told != before) {
            return Found.BAD;
        }
        long head = element + lengthBytes;
        Found found = content(head, Memory.getByte(head) & 0xff, digits);
        before = at - element;
        seen++;
        return found;
    }

    private Found content(long head, int kind, long digits) {
        long left = end - head;
        int headBytes = switch (kind >>> 6) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 5;
            default -> 0;
        };
        if (headBytes == 0) {
            return number(head, kind, left, digits);
        }
        // Of five bytes the first has no other bits.
        if (headBytes > left || headBytes == 5 && kind != 0x80) {
            return Found.BAD;
        }
        long length = kind & 0x3f;
        for (int i = 1; i < headBytes; i++) {
            length = (headBytes == 5 && i == 1 ? 0 : length) << 8 | Memory.getByte(head + i) & 0xff;
        }
        if (length > left - headBytes) {
            return Found.BAD;
        }
        at = head + headBytes + length;
        return bytes(head + headBytes, (int) length);
    }

    private Found number(long head, int kind, long left, long digits) {
        int bytes = switch (kind) {
            case 0xc0 -> 2;
            case 0xd0 -> 4;
            case 0xe0 -> 8;
            case 0xf0 -> 3;
            case 0xfe -> 1;
            default -> kind > 0xf0 && kind < 0xfe ? 0 : -1;
        };
        if (bytes < 0 || 1 + bytes > left) {
            return Found.BAD;
        }
        at = head + 1 + bytes;
        return number(bytes == 0 ? (kind & 0xf) - 1 : Listpack.littleEndian(head + 1, bytes), digits);
    }
}
