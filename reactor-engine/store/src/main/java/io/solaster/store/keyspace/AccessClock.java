package io.solaster.store.keyspace;

import io.solaster.store.keyspace.EvictionPolicy.Order;

/**
 * What the 15 bits of an entry's header tell of its use. By {@link Order#LFU} 7 bits are the minute of the last change
 * and 8 a counter that grows with the logarithm of the accesses (Morris, CACM 1978) and decays with time; else all are
 * the second of the last access. Seconds come round after nine hours and minutes after two: {@link #aged} keeps what is
 * older from looking new, if it is asked of each entry once in {@link #ROUND_MILLIS}. On the owning shard.
 */
final class AccessClock {
    /** How often each entry is to be aged, at least. */
    static final long ROUND_MILLIS = 30 * 60_000;
    /** What a key that is new counts as: enough not to go at once. */
    static final int NEW_COUNT = 5;

    private static final int BITS = (1 << 15) - 1;
    private static final int COUNT_BITS = 8;
    private static final int MOST = (1 << COUNT_BITS) - 1;
    private static final int MINUTES = (1 << 7) - 1;
    /** Idle times above this, in seconds, are not told apart. */
    private static final int LONGEST_IDLE = 27_000;
    /** A counter's minute may lie so far back, in minutes; 64 and a round are less than what the bits have room for. */
    private static final int OLDEST_MINUTE = 64;

    private boolean lfu;
    private int logFactor;
    private int decayMinutes;
    private long millis = -1;
    private int second;
    private int minute;
    private long random = 0x9E37_79B9_7F4A_7C15L;

    AccessClock() {
        policy(EvictionPolicy.NONE);
    }

    void policy(EvictionPolicy policy) {
        lfu = policy.order() == Order.LFU;
        logFactor = policy.logFactor();
        decayMinutes = policy.decayMinutes();
    }

    boolean isLfu() {
        return lfu;
    }

    /** It is so late, in Unix milliseconds. */
    void tick(long now) {
        if (now != millis) {
            millis = now;
            second = (int) (now / 1000) & BITS;
            minute = (int) (now / 60_000) & MINUTES;
        }
    }

    /** Of an entry that is new. */
    int fresh() {
        return lfu ? minute << COUNT_BITS | NEW_COUNT : second;
    }

    /** Of an entry that is used now. */
    int touched(int bits) {
        return lfu ? minute << COUNT_BITS | counted(count(bits)) : second;
    }

    private int counted(int count) {
        if (count == MOST) {
            return MOST;
        }
        // A chance of 1 in so many.
        long odds = (long) Math.max(0, count - NEW_COUNT) * logFactor + 1;
        return odds == 1 || Long.remainderUnsigned(next(), odds) == 0 ? count + 1 : count;
    }

    /** A random number, by xorshift (Marsaglia, 2003). */
    long next() {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        return random;
    }

    /** How often the key is used, from 0 to 255. */
    int count(int bits) {
        int count = bits & MOST;
        return decayMinutes == 0 ? count : Math.max(0, count - elapsedMinutes(bits) / decayMinutes);
    }

    private int elapsedMinutes(int bits) {
        return minute - (bits >>> COUNT_BITS) & MINUTES;
    }

    /** For how many seconds the key was not used. */
    int idleSeconds(int bits) {
        return second - bits & BITS;
    }

    /** Of an entry that was not used for so long. */
    int idle(long seconds) {
        return second - (int) Math.min(seconds, LONGEST_IDLE) & BITS;
    }

    /** Of an entry that is used so often. */
    int used(int count) {
        return minute << COUNT_BITS | count & MOST;
    }

    /** What an entry has, so that it does not look new once the clock has come round. */
    int aged(int bits) {
        if (!lfu) {
            return idleSeconds(bits) > LONGEST_IDLE ? second - LONGEST_IDLE & BITS : bits;
        }
        if (elapsedMinutes(bits) < OLDEST_MINUTE) {
            return bits;
        }
        int rest = decayMinutes == 0 ? 0 : elapsedMinutes(bits) % decayMinutes;
        return (minute - rest & MINUTES) << COUNT_BITS | count(bits);
    }
}
