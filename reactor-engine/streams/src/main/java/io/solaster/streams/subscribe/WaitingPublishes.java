package io.solaster.streams.subscribe;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.Timer;
import io.solaster.streams.subscribe.name.NameTable;

/**
 * Messages that are to be published at their home and wait for a subscriber who has no room, bounded in number and bytes. Once there is room
 * a few are published in each turn, since who has subscribed may be on another shard, and full again before this one hears of it. On
 * the home's shard.
 */
final class WaitingPublishes implements AutoCloseable {
    private static final int MOST = 10_000;
    private static final long MOST_BYTES = 64L << 20;
    private static final int AT_ONCE = 16;
    /** Of a name in an error. */
    private static final int SHOWN = 128;

    private final SubscriptionShard part;
    private final SchedulingGroup group;
    /** By the number of the name or pattern that they wait for. */
    private final Map<Integer, Set<Waiting>> byHolder = new HashMap<>();
    private final ArrayDeque<Waiting> ready = new ArrayDeque<>();
    private final Runnable turn = this::turn;
    private boolean isScheduled;
    private int count;
    private long bytes;

    WaitingPublishes(SubscriptionShard part, SchedulingGroup group) {
        this.part = part;
        this.group = group;
    }

    CompletableFuture<Integer> add(int holder, int kind, long name, int nameLength, long payload, int payloadLength) {
        int millis = part.waitMillis(holder);
        long length = (long) nameLength + payloadLength;
        if (count == MOST || bytes + length > MOST_BYTES) {
            part.stats().refused.increment();
            return CompletableFuture.failedFuture(new PublishRefusedException("publish to '" + shown(name, nameLength)
                    + "' refused: a subscriber whose policy is 'wait' has no room, and " + count + " messages of "
                    + bytes
                    + " bytes wait already; publish less at once"));
        }
        Waiting made = new Waiting(holder, kind, name, nameLength, payload, payloadLength, millis);
        count++;
        bytes += length;
        part.stats().waiting.increment();
        byHolder.computeIfAbsent(holder, none -> new LinkedHashSet<>()).add(made);
        return made.done;
    }

    private static String shown(long name, int length) {
        byte[] text = new byte[Math.min(length, SHOWN)];
        Memory.copy(name, text, 0, text.length);
        return new String(text, StandardCharsets.UTF_8) + (text.length < length ? "…" : "");
    }

    /** Nobody has publishes wait for a name or pattern any more. */
    void wake(int holder) {
        if (count == 0) {
            return;
        }
        Set<Waiting> woken = byHolder.remove(holder);
        if (woken != null) {
            ready.addAll(woken);
            schedule();
        }
    }

    private void schedule() {
        if (!isScheduled && !ready.isEmpty()) {
            isScheduled = true;
            part.shard().execute(group, turn);
        }
    }

    private void turn() {
        isScheduled = false;
        int left = AT_ONCE;
        while (left > 0 && !ready.isEmpty()) {
            if (part.isHeldUp()) {
                // A lane is full: they wait as anybody who publishes does.
                isScheduled = true;
                part.whenFree(turn);
                return;
            }
            Waiting next = ready.remove();
            if (!next.isOver()) {
                left--;
                next.tryAgain();
            }
        }
        schedule();
    }

    @Override
    public void close() {
        List<Waiting> all = new ArrayList<>(ready);
        byHolder.values().forEach(all::addAll);
        ready.clear();
        byHolder.clear();
        for (Waiting each : all) {
            each.end();
            each.done.completeExceptionally(part.shard().stopped());
        }
    }

    /** One message. */
    private final class Waiting {
        final CompletableFuture<Integer> done = new CompletableFuture<>();
        private final int kind;
        private final int nameLength;
        private final int millis;
        private final Timer timer;
        private final ByteBuf message;
        private int holder;
        private boolean ended;

        Waiting(int holder, int kind, long name, int nameLength, long payload, int payloadLength, int millis) {
            this.holder = holder;
            this.kind = kind;
            this.nameLength = nameLength;
            this.millis = millis;
            this.message = PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, nameLength + payloadLength));
            long to = Memory.address(message);
            Memory.copy(name, to, nameLength);
            Memory.copy(payload, to + nameLength, payloadLength);
            message.writerIndex(nameLength + payloadLength);
            this.timer = part.shard().timers().timer(this::refuse);
            timer.arm(TimeUnit.MILLISECONDS.toNanos(millis));
            // By who waits no more.
            done.whenComplete((receivers, failure) -> end());
        }

        boolean isOver() {
            return done.isDone();
        }

        void tryAgain() {
            long name = Memory.address(message);
            int next = part.holder(kind, name, nameLength);
            if (next != NameTable.NONE) {
                holder = next;
                byHolder.computeIfAbsent(next, none -> new LinkedHashSet<>()).add(this);
                return;
            }
            try {
                int receivers = part.publish(kind, name, nameLength, name + nameLength,
                        message.readableBytes() - nameLength);
                part.stats().waited.increment();
                end();
                done.complete(receivers);
            } catch (Throwable failure) {
                end();
                done.completeExceptionally(failure);
            }
        }

        private void refuse() {
            if (isOver()) {
                return;
            }
            part.stats().refused.increment();
            PublishRefusedException refused = new PublishRefusedException("publish to '"
                    + shown(Memory.address(message), nameLength)
                    + "' refused: a subscriber whose policy is 'wait' has had"
                    + " no room for " + millis + " ms; publish later, or let it read faster or have more room");
            end();
            done.completeExceptionally(refused);
        }

        /** It waits no more: before anybody hears of it. */
        private void end() {
            if (ended) {
                return;
            }
            ended = true;
            timer.cancel();
            count--;
            bytes -= message.readableBytes();
            part.stats().waiting.add(-1);
            Set<Waiting> others = byHolder.get(holder);
            if (others != null && others.remove(this) && others.isEmpty()) {
                byHolder.remove(holder);
            }
            message.release();
        }
    }
}
