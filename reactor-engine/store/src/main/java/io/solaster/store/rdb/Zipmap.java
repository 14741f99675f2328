package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;

/** Redis's zipmap, which its versions before 2.6 wrote: a count, fields and values each behind a length, a byte. */
final class Zipmap extends Elements {
    private static final int END_BYTE = 0xff;
    private static final int FAR = 0xfe;

    private int counted;
    private int seen; // fields and values

    @Override
    boolean begin(long from, long bytes) {
        if (bytes < 2 || bytes > Integer.MAX_VALUE || (Memory.getByte(from + bytes - 1) & 0xff) != END_BYTE) {
            return false;
        }
        counted = Memory.getByte(from) & 0xff;
        seen = 0;
        at = from + 1;
        end = from + bytes - 1;
        return true;
    }

    @Override
    Found next(long digits) {
        boolean value = (seen & 1) == 1;
        if (at == end) {
            return !value && (counted >= FAR || counted == seen / 2) ? Found.END : Found.BAD;
        }
        int first = Memory.getByte(at) & 0xff;
        int headBytes = (first == FAR ? 5 : 1) + (value ? 1 : 0);
        if (first == END_BYTE || headBytes > end - at) {
            return Found.BAD;
        }
        long length = first == FAR ? Memory.littleEndian(Memory.getInt(at + 1)) & 0xffff_ffffL : first;
        // Room behind a value that was longer once.
        int free = value ? Memory.getByte(at + headBytes - 1) & 0xff : 0;
        if (length + free > end - at - headBytes) {
            return Found.BAD;
        }
        long content = at + headBytes;
        at = content + length + free;
        seen++;
        return bytes(content, (int) length);
    }
}
