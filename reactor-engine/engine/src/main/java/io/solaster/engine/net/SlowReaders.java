package io.solaster.engine.net;

import io.solaster.config.value.ByteSize;
import io.solaster.engine.stats.Counter;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Counts the clients that are cut off since they do not read, and tells of the first, and then at most once a minute: who
 * floods a server does not flood its log. Any thread, but for the counts, which are the owning shard's.
 */
public final class SlowReaders {
    private final QuietLog log;

    /** @param log what they are told of to, as warnings */
    public SlowReaders(Logger log) {
        this.log = new QuietLog(log, Level.WARN);
    }

    /**
     * More waits for a client than {@code limits.output-buffer} allows, and it is about to be cut off.
     *
     * @param count of those on this shard
     * @param waiting bytes, or as many at least
     * @param limit what is allowed
     * @param end what becomes of it
     */
    public void overflow(Counter count, Object client, long waiting, ByteSize limit, String end) {
        cutOff(count, client, waiting + " bytes or more wait, over limits.output-buffer (" + limit + ")", end);
    }

    /**
     * A client is about to be cut off.
     *
     * @param count of those on this shard
     * @param waits what waits for it
     * @param end what becomes of it
     */
    public void cutOff(Counter count, Object client, String waits, String end) {
        count.increment();
        log.tell("{} does not read: {}; {}", client, waits, end);
    }
}
