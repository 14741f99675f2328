package io.solaster.streams.topic;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * What one shard publishes: entries of its own partitions go into its log at once, where nothing waits there before them; those of
 * others are gathered in a turn, and sent as one call to each shard. On its shard: there is no lock, and no object for an entry.
 */
final class ShardOutbox extends Outbox {
    private static final int SPARE = 2;

    private final Engine engine;
    private final Shard home;
    private final @Nullable PublishBatch[] open;
    private final Unacknowledged own = new Unacknowledged(this);
    private final ArrayDeque<PublishBatch> spare = new ArrayDeque<>();
    private boolean flushQueued;

    ShardOutbox(Topics topic, Engine engine, TopicConfig config, Shard home) {
        super(topic, config);
        this.engine = engine;
        this.home = home;
        this.open = new @Nullable PublishBatch[engine.shards().size()];
    }

    @Override
    CompletableFuture<@Nullable Void> newFuture() {
        return home.newFuture();
    }

    @Override
    void publish(byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard) {
        int size = (key == null ? 0 : key.length) + headers.length + value.length;
        take(size);
        int partition = partitionOf(key);
        int target = topic.placing().shardOf(partition);
        PublishBatch batch = open[target];
        if (target == home.id() && batch == null && hops < 0) {
            TopicShard part = topic.part(target);
            long record = append(part, partition, key, headers, value, size);
            if (record > 0) {
                own.add(part, partition, record, size, heard);
                return;
            }
        }
        boolean routed = hops >= 0;
        while (batch != null && batch.isRouted() != routed) {
            open[target] = null;
            send(target, batch);
            // Plug-ins may have looked at others meanwhile, and have routed them to here.
            batch = open[target];
        }
        if (batch == null) {
            batch = newBatch(routed);
            open[target] = batch;
        }
        batch.add(partition, Math.max(0, hops), key, headers, value, heard);
        if (batch.size() >= PublishBatch.ENOUGH) {
            open[target] = null;
            send(target, batch);
        } else if (!flushQueued) {
            flushQueued = true;
            try {
                home.execute(this::flush);
            } catch (RejectedExecutionException stopping) {
                flush();
            }
        }
    }

    private long append(TopicShard part, int partition, byte @Nullable [] key, byte[] headers, byte[] value, int size) {
        try {
            return part.append(partition, key, headers, value);
        } catch (RuntimeException | Error failed) {
            tell(giveBack(1, size));
            throw failed;
        }
    }

    private PublishBatch newBatch(boolean routed) {
        PublishBatch used = routed ? null : spare.poll();
        return used == null ? new PublishBatch(routed) : used;
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
        ShardFuture<PublishBatch> answer;
        try {
            answer = target == home.id()
                    ? topic.part(target).accept(batch)
                    : engine.submitStageTo(target, CallOptions.DEFAULTS, () -> topic.part(target).accept(batch));
        } catch (RuntimeException refused) {
            ended(batch, refused);
            return;
        }
        answer.whenComplete((taken, why) -> ended(batch, why == null ? null : ShardFuture.causeOf(why)));
    }

    private void ended(PublishBatch batch, @Nullable Throwable why) {
        var told = giveBack(batch.count(), batch.payload());
        batch.tell(why);
        // One that failed may still be in the hands of a shard that ended.
        if (why == null && !batch.isRouted() && spare.size() < SPARE && batch.clear()) {
            spare.add(batch);
        }
        tell(told);
    }
}
