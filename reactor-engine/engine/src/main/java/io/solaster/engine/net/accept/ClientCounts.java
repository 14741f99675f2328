package io.solaster.engine.net.accept;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;

import io.solaster.config.Internal;

/**
 * How many connections each client address has of one server, over all shards. Only where there is a limit: shards share it, and
 * touch it when a connection comes and when it goes, never for what it says. There are at most as many entries as connections.
 * Any thread.
 */
@Internal
public final class ClientCounts {
    private static final int PREFIX = 8;

    private final ConcurrentHashMap<Long, Integer> counts = new ConcurrentHashMap<>();

    /**
     * Counts one more connection of a client, unless it has as many as it may.
     *
     * @return whether it is counted; then {@link #left} follows
     */
    public boolean came(long client, int most) {
        while (true) {
            Integer had = counts.get(client);
            if (had == null) {
                if (counts.putIfAbsent(client, 1) == null) {
                    return true;
                }
            } else if (had >= most) {
                return false;
            } else if (counts.replace(client, had, had + 1)) {
                return true;
            }
        }
    }

    /** A connection that was counted has ended. */
    public void left(long client) {
        counts.computeIfPresent(client, (key, count) -> count == 1 ? null : count - 1);
    }

    /** Clients that have connections. */
    public int clients() {
        return counts.size();
    }

    /** What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 one, which a host may choose the rest of. */
    public static long client(InetAddress address) {
        byte[] bytes = address.getAddress();
        long key = 0;
        for (int i = 0; i < Math.min(bytes.length, PREFIX); i++) {
            key = key << 8 | bytes[i] & 0xff;
        }
        // No IPv6 network that is given out begins as these keys do.
        return bytes.length < PREFIX ? 1L << 32 | key : key;
    }
}
