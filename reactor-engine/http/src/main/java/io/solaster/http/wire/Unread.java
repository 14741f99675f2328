package io.solaster.http.wire;

import io.netty.channel.Channel;
import io.solaster.engine.net.QuietLog;
import io.solaster.http.HttpStats;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Counts the clients that were cut off since they do not read, and tells of the first, and then at most once a minute: who
 * floods the server does not flood its log. On the owning shard.
 */
public final class Unread {
    /** What a client of HTTP/2 leaves unread that only asks to be answered. */
    public static final String ANSWERS = "answers to pings and settings, and resets, wait";

    private final HttpStats stats;
    private final QuietLog log = new QuietLog(LoggerFactory.getLogger(Unread.class), Level.WARN);

    public Unread(HttpStats stats) {
        this.stats = stats;
    }

    /**
     * A client is about to be cut off.
     *
     * @param waits what waits for it
     * @param end what becomes of it
     */
    public void cutOff(Channel client, String waits, String end) {
        stats.outputOverflows.increment();
        log.tell("{} does not read: {}; {}", client, waits, end);
    }
}
