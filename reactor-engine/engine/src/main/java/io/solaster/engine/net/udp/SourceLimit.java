package io.solaster.engine.net.udp;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

import io.solaster.config.server.UdpLimitsConfig;

/**
 * How many datagrams each source may send: a token bucket for each, in a table that never grows. On the owning shard.
 *
 * <p>
 * A bucket is one number, the time at which it would be full again, as the generic cell rate algorithm has it (ITU-T I.371):
 * one that is full says nothing that an unknown source would not, and its place is free. So those who make up addresses get
 * places only while these are counted, and can push out nobody: whoever finds no place shares one bucket with all others for
 * whom there is none. Places are found by a secret, so that nobody can aim at those of another.
 */
final class SourceLimit {
    /** Places that a source may have: their keys fill a line of the cache. */
    private static final int WAYS = 8;
    private static final int IPV6_PREFIX = Long.BYTES;
    /** In the IPv6 network 0:1::/32, which nobody has. */
    private static final long IPV4 = 1L << 32;
    private static final long MIX = 0xff51afd7ed558ccdL;

    private final long[] keys;
    private final long[] fullAt;
    private final int sets;
    private final long secret;
    private final long factor;
    private final long interval;
    private final long tolerance;
    private final long start;
    private long othersFullAt;

    /** What becomes of a datagram. */
    enum Verdict {
        TAKEN, OVER, NO_ROOM
    }

    /** @param now the time that {@link #take} will go on from */
    SourceLimit(UdpLimitsConfig config, RandomGenerator secrets, long now) {
        this.sets = Math.max(1, config.sources() / WAYS);
        this.keys = new long[sets * WAYS];
        this.fullAt = new long[sets * WAYS];
        this.secret = secrets.nextLong();
        this.factor = secrets.nextLong() | 1;
        this.interval = Math.max(1, TimeUnit.SECONDS.toNanos(1) / config.packetsPerSecond());
        int burst = config.burst() == 0 ? config.packetsPerSecond() : config.burst();
        this.tolerance = (burst - 1) * interval;
        this.start = now - 1;
    }

    /** Takes a token of a source, if it has one. */
    Verdict take(InetAddress source, long nanos) {
        long key = key(source);
        long now = nanos - start;
        int first = set(key) * WAYS;
        int free = -1;
        for (int i = first; i < first + WAYS; i++) {
            long full = fullAt[i];
            if (keys[i] == key && full > 0) {
                if (full - now > tolerance) {
                    return Verdict.OVER;
                }
                fullAt[i] = Math.max(full, now) + interval;
                return Verdict.TAKEN;
            }
            if (full <= now) {
                free = i;
            }
        }
        if (free < 0) {
            if (othersFullAt - now > tolerance) {
                return Verdict.NO_ROOM;
            }
            othersFullAt = Math.max(othersFullAt, now) + interval;
            return Verdict.TAKEN;
        }
        keys[free] = key;
        fullAt[free] = now + interval;
        return Verdict.TAKEN;
    }

    private int set(long key) {
        long hash = (key ^ secret) * factor;
        hash = (hash ^ hash >>> 32) * MIX;
        return (int) (hash >>> 33) & sets - 1;
    }

    static long key(InetAddress source) {
        if (source instanceof Inet4Address) {
            // The address itself, as the JDK has it, which would copy it into an array else.
            return IPV4 | source.hashCode() & 0xffff_ffffL;
        }
        byte[] bytes = source.getAddress();
        long prefix = 0;
        for (int i = 0; i < IPV6_PREFIX; i++) {
            prefix = prefix << Byte.SIZE | bytes[i] & 0xff;
        }
        return prefix;
    }
}
