package io.solaster.engine.net.udp;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Histogram;

/** What one shard counts of one server's datagrams. Written by the shard, read by any thread. */
public final class UdpStats {
    /** Datagrams handed to the handler. */
    public final Counter received = new Counter();
    /** Their bytes. */
    public final Counter receivedBytes = new Counter();
    /** Datagrams that the kernel took to send. */
    public final Counter sent = new Counter();
    /** Datagrams received by one pass over the socket, those included that were dropped. */
    public final Histogram batches = new Histogram();
    /** Errors that the kernel told of, other than of sending. */
    public final Counter errors = new Counter();
    /** Times that the handler threw. */
    public final Counter handlerFailures = new Counter();

    private final Map<Drop, Counter> drops = new EnumMap<>(Drop.class);

    UdpStats() {
        for (Drop reason : Drop.values()) {
            drops.put(reason, new Counter());
        }
    }

    /** Why a datagram was dropped. */
    public enum Drop {
        /** Received, and longer than {@code max-datagram}. */
        OVERSIZE,
        /** Received from a source that had sent as many as it may. */
        SOURCE_LIMIT,
        /** Received from a source for which there was no room in the table, when all those had sent as many as one may. */
        SOURCES_FULL,
        /** To be sent while as much as is allowed waited for that. */
        SEND_QUEUE,
        /** To be sent, and longer than a datagram can be, or to no address. */
        UNSENDABLE,
        /** To be sent, and refused by the kernel. */
        SEND_FAILED,
        /** To be sent after the socket was closed. */
        CLOSED;

        /** As meters name it. */
        public String tag() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** Datagrams dropped for a reason. Any thread. */
    public long dropped(Drop reason) {
        return counter(reason).get();
    }

    /** Datagrams dropped for whatever reason. Any thread. */
    public long dropped() {
        long sum = 0;
        for (Drop reason : Drop.values()) {
            sum += dropped(reason);
        }
        return sum;
    }

    Counter counter(Drop reason) {
        return Objects.requireNonNull(drops.get(reason));
    }
}
