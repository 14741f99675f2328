package io.solaster.store.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * How many wrong passwords clients of one address gave of late, so that connecting again does not begin from nothing. On the
 * owning shard.
 *
 * <p>
 * The count delays answers to wrong passwords and does nothing else: behind one address there can be a proxy and the whole
 * world, and on loopback every application of the machine. So the right password is answered at once whatever the count is,
 * nobody is refused, and the delay has an end. A connection that gives the right password after all takes back what it
 * failed itself, and not what others did: else any client behind the proxy that logs in would free a guesser of its delay.
 * One failure is forgotten each minute.
 *
 * <p>
 * The table has a fixed size. Where it is full, who failed least makes room, so a guesser is not forgotten for the mistypings
 * of others. Of an IPv6 address the network of 64 bits counts, since a client may have all of it.
 */
final class FailedLogins {
    /** More would not delay longer. */
    static final int MOST = LoginDelay.ATTEMPTS - 1;
    static final long FORGET_MILLIS = TimeUnit.MINUTES.toMillis(1);
    /** A power of two. */
    private static final int SETS = 128;
    private static final int WAYS = 8;
    static final int SIZE = SETS * WAYS;
    private static final long V4 = 1L << 32;
    /** Of the golden ratio: spreads neighbours. */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;
    private static final long[] NONE = {};

    private long[] keys = NONE;
    private long[] since = NONE;
    private byte[] failures = {};

    /** Wrong passwords that count against an address, at most {@link #MOST}; 0 for what is no address of a network. */
    int count(@Nullable SocketAddress client, long nowMillis) {
        int at = find(client);
        return at < 0 ? 0 : aged(at, nowMillis);
    }

    /** One more. */
    void add(@Nullable SocketAddress client, long nowMillis) {
        InetAddress address = network(client);
        if (address == null) {
            return;
        }
        if (keys.length == 0) {
            keys = new long[SIZE];
            since = new long[SIZE];
            failures = new byte[SIZE];
        }
        long key = key(address);
        int at = find(client);
        if (at < 0) {
            at = least(key, nowMillis);
            keys[at] = key;
            failures[at] = 0;
            since[at] = nowMillis;
        }
        int before = aged(at, nowMillis);
        if (before == 0 || before == MOST) {
            since[at] = nowMillis;
        }
        failures[at] = (byte) Math.min(MOST, before + 1);
    }

    /** So many of an address do not count: who gave them knew the password. */
    void takeBack(@Nullable SocketAddress client, int count) {
        int at = find(client);
        if (at >= 0) {
            failures[at] = (byte) Math.max(0, failures[at] - count);
        }
    }

    private int find(@Nullable SocketAddress client) {
        InetAddress address = keys.length == 0 ? null : network(client);
        if (address != null) {
            long key = key(address);
            int first = first(key);
            for (int at = first; at < first + WAYS; at++) {
                if (keys[at] == key && failures[at] > 0) {
                    return at;
                }
            }
        }
        return -1;
    }

    private int least(long key, long nowMillis) {
        int least = first(key);
        for (int at = least + 1; at < first(key) + WAYS; at++) {
            if (aged(at, nowMillis) < aged(least, nowMillis)) {
                least = at;
            }
        }
        return least;
    }

    /** What is left of an entry's failures, with whole minutes forgotten. */
    private int aged(int at, long nowMillis) {
        long minutes = Math.max(0, nowMillis - since[at]) / FORGET_MILLIS;
        failures[at] = (byte) Math.max(0, failures[at] - minutes);
        since[at] += minutes * FORGET_MILLIS;
        return failures[at];
    }

    private static int first(long key) {
        return (int) (key * SPREAD >>> Long.SIZE - Integer.numberOfTrailingZeros(SETS)) * WAYS;
    }

    private static @Nullable InetAddress network(@Nullable SocketAddress client) {
        return client instanceof InetSocketAddress address ? address.getAddress() : null;
    }

    private static long key(InetAddress address) {
        byte[] bytes = address.getAddress();
        long key = 0;
        for (int i = 0; i < Math.min(bytes.length, Long.BYTES); i++) {
            key = key << Byte.SIZE | bytes[i] & 0xff;
        }
        return bytes.length == Integer.BYTES ? V4 | key : key;
    }
}
