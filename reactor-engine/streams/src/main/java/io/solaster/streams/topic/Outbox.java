package io.solaster.streams.topic;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * What one shard publishes to a topic, gathered in a turn and sent as one call to each shard that has partitions; or all other
 * threads together, each entry at once. It has a bound on what is not acknowledged yet. On its shard; that of the other threads on any
 * of them, one at a time, by its lock.
 */
final class Outbox {
    private final Topics topic;
    private final Engine engine;
    private final TopicConfig config;
    /** Null for all other threads. */
    private final @Nullable Shard home;
    private final @Nullable PublishBatch[] open;
    private boolean flushQueued;
    private int turn;
    private int entries;
    private long bytes;
    private List<CompletableFuture<@Nullable Void>> waiters = new ArrayList<>();

    Outbox(Topics topic, Engine engine, TopicConfig config, @Nullable Shard home) {
        this.topic = topic;
        this.engine = engine;
        this.config = config;
        this.home = home;
        this.open = new @Nullable PublishBatch[engine.shards().size()];
    }

    synchronized boolean isWritable() {
        return entries < config.inFlight() && bytes + config.maxEntry().bytes() <= config.inFlightBytes().bytes();
    }

    synchronized CompletableFuture<@Nullable Void> whenWritable() {
        CompletableFuture<@Nullable Void> future = home == null ? new CompletableFuture<>() : home.newFuture();
        if (isWritable()) {
            future.complete(null);
        } else {
            waiters.add(future);
        }
        return future;
    }

    /** @param hops -1 for who publishes by himself; else what a plug-in routes, which leaves at once */
    void publish(byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard) {
        long size = (key == null ? 0L : key.length) + headers.length + value.length;
        int partition;
        PublishBatch alone = null;
        synchronized (this) {
            if (entries >= config.inFlight() || bytes + size > config.inFlightBytes().bytes()) {
                throw new RejectedExecutionException("topic '" + topic.name() + "': " + entries + " entries of " + bytes
                        + " bytes are not acknowledged yet, and there is room for " + config.inFlight() + " of "
                        + config.inFlightBytes() + "; wait for whenWritable(), or raise topics."
                        + topic.name() + ".inFlight");
            }
            entries++;
            bytes += size;
            partition = key == null
                    ? Math.floorMod(turn++, topic.placing().partitions())
                    : topic.placing().partitionOf(key);
            if (home == null || hops >= 0) {
                alone = new PublishBatch(hops >= 0);
            }
        }
        int target = topic.placing().shardOf(partition);
        if (alone != null) {
            alone.add(partition, Math.max(0, hops), key, headers, value, heard);
            send(target, alone);
            return;
        }
        PublishBatch batch = open[target];
        if (batch == null) {
            batch = new PublishBatch(false);
            open[target] = batch;
        }
        batch.add(partition, 0, key, headers, value, heard);
        if (batch.size() >= PublishBatch.ENOUGH) {
            open[target] = null;
            send(target, batch);
        } else if (!flushQueued && home != null) {
            flushQueued = true;
            home.execute(this::flush);
        }
    }

    private void flush() {
        flushQueued = false;
        for (int target = 0; target < open.length; target++) {
            PublishBatch batch = open[target];
            if (batch != null) {
                open[target] = null;
                send(target, batch);
            }
        }
    }

    private void send(int target, PublishBatch batch) {
        long size = (long) batch.size() - (long) batch.count() * TopicRecords.ENTRY_HEADER;
        ShardFuture<PublishBatch> answer;
        try {
            answer = engine.submitStageTo(target, CallOptions.DEFAULTS, () -> topic.part(target).accept(batch));
        } catch (RuntimeException refused) {
            settle(batch.count(), size);
            batch.tell(refused);
            return;
        }
        answer.whenComplete((taken, why) -> {
            settle(batch.count(), size);
            batch.tell(why == null ? null : ShardFuture.causeOf(why));
        });
    }

    private void settle(int count, long size) {
        List<CompletableFuture<@Nullable Void>> told = List.of();
        synchronized (this) {
            entries -= count;
            bytes -= size;
            if (!waiters.isEmpty() && isWritable()) {
                told = waiters;
                waiters = new ArrayList<>();
            }
        }
        for (CompletableFuture<@Nullable Void> each : told) {
            each.complete(null);
        }
    }
}
