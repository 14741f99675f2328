package io.solaster.store.keyspace;

import java.util.function.LongSupplier;

import io.solaster.engine.memory.Memory;

/**
 * Hash by folded multiplication (the 128-bit product's halves, xored): the scheme of wyhash by Wang Yi and rapidhash by
 * Nicolas De Carli, written anew.
 *
 * <p>
 * Those publish their constants, so keys that meet a zero factor can be worked out in advance. Here every constant is
 * secret and random per keyspace: whoever floods a server with chosen keys cannot know which ones collide. Values are
 * good in that keyspace alone, never on disk or on the wire. Immutable; any thread.
 */
final class FoldedHash implements KeyspaceHash {
    private final long a;
    private final long b;
    private final long c;
    private final long d;

    FoldedHash(LongSupplier random) {
        a = secret(random);
        b = secret(random);
        c = secret(random);
        d = secret(random);
    }

    /** Odd and half ones, so that no secret is a weak factor. */
    private static long secret(LongSupplier random) {
        long bits;
        do {
            bits = random.getAsLong() | 1;
        } while (Math.abs(Long.bitCount(bits) - 32) > 4);
        return bits;
    }

    @Override
    public long hash(long key, int length) {
        // Overlapping reads from both ends cover any length without a byte from outside the key.
        long first;
        long last;
        if (length > 16) {
            return hashLong(key, length);
        } else if (length >= 8) {
            first = Memory.getLong(key);
            last = Memory.getLong(key + length - 8);
        } else if (length >= 4) {
            first = Memory.getInt(key) & 0xFFFF_FFFFL;
            last = Memory.getInt(key + length - 4) & 0xFFFF_FFFFL;
        } else if (length > 0) {
            first = (Memory.getByte(key) & 0xFFL) << 16 | (Memory.getByte(key + (length >>> 1)) & 0xFFL) << 8
                    | (Memory.getByte(key + length - 1) & 0xFFL);
            last = 0;
        } else {
            first = 0;
            last = 0;
        }
        return finish(first, last, c, length);
    }

    private long hashLong(long key, int length) {
        long at = key;
        long left = length;
        long state = c;
        if (left > 64) {
            // Three products that do not wait for each other: multipliers are pipelined.
            long second = c;
            long third = c;
            do {
                state = fold(Memory.getLong(at) ^ a, Memory.getLong(at + 8) ^ state);
                second = fold(Memory.getLong(at + 16) ^ b, Memory.getLong(at + 24) ^ second);
                third = fold(Memory.getLong(at + 32) ^ d, Memory.getLong(at + 40) ^ third);
                at += 48;
                left -= 48;
            } while (left > 48);
            state ^= second + Long.rotateLeft(third, 29);
        }
        while (left > 16) {
            state = fold(Memory.getLong(at) ^ b, Memory.getLong(at + 8) ^ state);
            at += 16;
            left -= 16;
        }
        return finish(Memory.getLong(at + left - 16), Memory.getLong(at + left - 8), state, length);
    }

    private long finish(long first, long last, long state, int length) {
        long x = first ^ a;
        long y = last ^ state ^ b;
        return fold(x * y ^ d ^ length, Math.unsignedMultiplyHigh(x, y) ^ c);
    }

    private static long fold(long x, long y) {
        return x * y ^ Math.unsignedMultiplyHigh(x, y);
    }
}
