package io.solaster.streams.topic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.topic.TopicConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one shard, or all other threads together, have published to a topic and is not acknowledged yet: it has a bound. */
abstract class Outbox {
    private static final Logger logger = LoggerFactory.getLogger(Outbox.class);

    final Topics topic;
    private final TopicConfig config;
    private int turn;
    private int entries;
    private long bytes;
    private List<CompletableFuture<@Nullable Void>> waiters = new ArrayList<>();

    Outbox(Topics topic, TopicConfig config) {
        this.topic = topic;
        this.config = config;
    }

    /**
     * Publishes one, whose bytes are copied.
     *
     * @param hops -1 for who publishes by himself; else what a plug-in routes, at which none looks
     */
    abstract void publish(byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard);

    boolean isWritable() {
        return entries < config.inFlight() && bytes + config.maxEntry().bytes() <= config.inFlightBytes().bytes();
    }

    CompletableFuture<@Nullable Void> whenWritable() {
        CompletableFuture<@Nullable Void> future = newFuture();
        if (isWritable()) {
            future.complete(null);
        } else {
            waiters.add(future);
        }
        return future;
    }

    abstract CompletableFuture<@Nullable Void> newFuture();

    /** Takes room for an entry. */
    final void take(long size) {
        if (entries >= config.inFlight() || bytes + size > config.inFlightBytes().bytes()) {
            throw new RejectedExecutionException("topic '" + topic.name() + "': " + entries + " entries of " + bytes
                    + " bytes are not acknowledged yet, and there is room for " + config.inFlight() + " of "
                    + config.inFlightBytes() + "; wait for whenWritable(), or raise topics." + topic.name()
                    + ".inFlight");
        }
        entries++;
        bytes += size;
    }

    final int partitionOf(byte @Nullable [] key) {
        return key == null
                ? Math.floorMod(turn++, topic.placing().partitions())
                : topic.placing().partitionOf(key);
    }

    /** Gives room back; returns who waited for that. */
    final List<CompletableFuture<@Nullable Void>> giveBack(int count, long size) {
        entries -= count;
        bytes -= size;
        if (waiters.isEmpty() || !isWritable()) {
            return List.of();
        }
        List<CompletableFuture<@Nullable Void>> told = waiters;
        waiters = new ArrayList<>();
        return told;
    }

    /** Tells one who may throw, which is nobody else's concern. */
    static void tell(Published whom, int partition, long sequence, @Nullable Throwable why) {
        try {
            if (why == null) {
                whom.published(partition, sequence);
            } else {
                whom.failed(why);
            }
        } catch (RuntimeException | Error thrown) {
            logger.error("What hears of entries that were published threw: {}", whom.getClass().getName(), thrown);
        }
    }

    static void tell(List<CompletableFuture<@Nullable Void>> told) {
        for (CompletableFuture<@Nullable Void> each : told) {
            each.complete(null);
        }
    }
}
