package io.solaster.streams.topic;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * What threads that are no shards publish: an entry leaves at once where none of them is on its way to the same shard, else with
 * all that gathers until that is acknowledged. Any thread, one at a time by its lock, which nobody holds while others are called.
 */
final class OutsideOutbox extends Outbox {
    private final Engine engine;
    /** By shard, what waits; the last one is filled. */
    private final List<ArrayDeque<PublishBatch>> waiting;
    private final boolean[] underWay;
    /** Somebody sends, and is to send once more. */
    private final boolean[] sending;
    private final boolean[] again;

    OutsideOutbox(Topics topic, Engine engine, TopicConfig config) {
        super(topic, config);
        this.engine = engine;
        this.waiting = engine.shards().stream().map(each -> new ArrayDeque<PublishBatch>()).toList();
        this.underWay = new boolean[waiting.size()];
        this.sending = new boolean[waiting.size()];
        this.again = new boolean[waiting.size()];
    }

    @Override
    synchronized boolean isWritable() {
        return super.isWritable();
    }

    @Override
    synchronized CompletableFuture<@Nullable Void> whenWritable() {
        return super.whenWritable();
    }

    @Override
    CompletableFuture<@Nullable Void> newFuture() {
        return new CompletableFuture<>();
    }

    @Override
    void publish(byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard) {
        int target;
        synchronized (this) {
            take((key == null ? 0L : key.length) + headers.length + value.length);
            int partition = partitionOf(key);
            target = topic.placing().shardOf(partition);
            ArrayDeque<PublishBatch> gathered = waiting.get(target);
            PublishBatch last = gathered.peekLast();
            if (last == null || last.isRouted() != hops >= 0 || last.size() >= PublishBatch.ENOUGH) {
                last = new PublishBatch(hops >= 0);
                gathered.add(last);
            }
            last.add(partition, Math.max(0, hops), key, headers, value, heard);
            if (underWay[target]) {
                return;
            }
            underWay[target] = true;
        }
        sendNext(target);
    }

    /** One after the other, however many are answered at once: a log that is sealed answers so. */
    private void sendNext(int target) {
        boolean first = true;
        while (true) {
            PublishBatch batch;
            synchronized (this) {
                if (first && sending[target]) {
                    again[target] = true;
                    return;
                }
                if (!first && !again[target]) {
                    sending[target] = false;
                    return;
                }
                again[target] = false;
                batch = waiting.get(target).poll();
                sending[target] = batch != null;
                underWay[target] = batch != null;
            }
            if (batch == null) {
                return;
            }
            first = false;
            send(target, batch);
        }
    }

    private void send(int target, PublishBatch batch) {
        ShardFuture<PublishBatch> answer;
        try {
            answer = engine.submitStageTo(target, CallOptions.DEFAULTS, () -> topic.part(target).accept(batch));
        } catch (RuntimeException refused) {
            ended(target, batch, refused);
            return;
        }
        answer.whenComplete((taken, why) -> ended(target, batch, why == null ? null : ShardFuture.causeOf(why)));
    }

    private void ended(int target, PublishBatch batch, @Nullable Throwable why) {
        List<CompletableFuture<@Nullable Void>> told;
        synchronized (this) {
            told = giveBack(batch.count(), batch.payload());
        }
        sendNext(target);
        batch.tell(why);
        tell(told);
    }
}
