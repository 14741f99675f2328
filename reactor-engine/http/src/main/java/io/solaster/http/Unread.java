package io.solaster.http;

import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the clients that were cut off since they do not read, and tells of the first, and then at most once a minute: who
 * floods the server does not flood its log. On the owning shard.
 */
final class Unread {
    private static final Logger log = LoggerFactory.getLogger(Unread.class);
    private static final long TOLD_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** What a client of HTTP/2 leaves unread that only asks to be answered. */
    static final String ANSWERS = "answers to pings and settings, and resets, wait";

    private final HttpStats stats;
    private long toldAt = System.nanoTime() - TOLD_NANOS;
    private int untold;

    Unread(HttpStats stats) {
        this.stats = stats;
    }

    /**
     * A client is about to be cut off.
     *
     * @param waits what waits for it
     * @param end what becomes of it
     */
    void cutOff(Channel client, String waits, String end) {
        stats.outputOverflows.increment();
        long now = System.nanoTime();
        if (now - toldAt < TOLD_NANOS) {
            untold++;
            log.debug("{} does not read: {}; {}", client, waits, end);
            return;
        }
        log.warn("{} does not read: {}; {}{}", client, waits, end,
                untold == 0 ? "" : " (and " + untold + " like it since the last line of this kind)");
        toldAt = now;
        untold = 0;
    }
}
