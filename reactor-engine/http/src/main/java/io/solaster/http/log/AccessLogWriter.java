package io.solaster.http.log;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.engine.Offload;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what the shards hand over of one server's access log, off the shards: on one thread at a time, so that the lines of
 * a shard keep their order. Any thread.
 */
public final class AccessLogWriter implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(AccessLogWriter.class);
    private static final String ACCESS = "io.solaster.http.access.";
    private static final long COMPLAINT_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String server;
    private final Offload offload;
    private final TimeSource clock;
    private final Logger access;
    private final Queue<LogLines> waiting = new ConcurrentLinkedQueue<>();
    /** How often something was handed over since nobody was at work. */
    private final AtomicInteger work = new AtomicInteger();
    /** Of whoever is at work. */
    private long dropped;
    private long complainedAt;

    /** @param server the key below {@code solaster.servers} */
    public AccessLogWriter(String server, Offload offload, TimeSource clock) {
        this.server = server;
        this.offload = offload;
        this.clock = clock;
        this.complainedAt = clock.nanoTime() - COMPLAINT_NANOS;
        this.access = LoggerFactory.getLogger(ACCESS + server);
    }

    String server() {
        return server;
    }

    /** Whether the logger's level lets lines through. */
    boolean isWanted() {
        return access.isInfoEnabled();
    }

    /**
     * Has these lines logged, and those that still wait.
     *
     * @param lines null for none but those
     * @return false if there is nobody to do it now: then this is to be asked again
     */
    boolean write(@Nullable LogLines lines) {
        if (lines != null) {
            waiting.add(lines);
        }
        if (waiting.isEmpty() || work.getAndIncrement() != 0) {
            return true;
        }
        try {
            offload.execute(Purpose.FILES, this);
            return true;
        } catch (RejectedExecutionException full) {
            work.set(0);
            return false;
        }
    }

    @Override
    public void run() {
        int seen;
        do {
            seen = work.get();
            for (LogLines lines = waiting.poll(); lines != null; lines = waiting.poll()) {
                dropped += lines.dropped();
                try {
                    lines.forEach(access::info);
                } catch (RuntimeException e) {
                    log.error("The logger {} has failed", access.getName(), e);
                }
                lines.owner().giveBack(lines);
            }
            complain();
        } while (work.addAndGet(-seen) != 0);
    }

    private void complain() {
        long now = clock.nanoTime();
        if (dropped > 0 && now - complainedAt >= COMPLAINT_NANOS) {
            log.warn("{} line(s) of the access log of server '{}' were dropped, since they came faster than they could"
                    + " be logged; lower access-log.sample, or have the logger {} write behind a buffer", dropped,
                    server, access.getName());
            complainedAt = now;
            dropped = 0;
        }
    }
}
