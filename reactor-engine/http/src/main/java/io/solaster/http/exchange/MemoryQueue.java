package io.solaster.http.exchange;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/**
 * Bodies and messages that wait for memory, first come, first served, while their clients are not read, or may send no more than
 * they were allowed before. They have taken none yet, so that those which have always come to their end and make room. Whoever
 * has waited too long is refused. There are no more of them than connections and streams, and only some may keep what has come
 * meanwhile: of a stream that is its window, of a connection what one turn reads. On the owning shard.
 */
final class MemoryQueue {
    /** A client that is not answered for longer had better go elsewhere. */
    private static final long PATIENCE = Duration.ofSeconds(5).toNanos();
    /** Nobody tells of Netty's buffers that have shrunk. */
    private static final Duration LOOKS = Duration.ofMillis(100);
    /** Those that go on before others have their turn. */
    private static final int AT_ONCE = 16;

    /** Of those that keep what has come. */
    static final int MOST_KEEPING = 256;

    private record Place(long bytes, long until, boolean keeps) {}

    private final GatherBudget budget;
    private final @Nullable Shard shard;
    private long patience = PATIENCE;
    private final Map<GatherBudget.Waiter, Place> waiting = new LinkedHashMap<>();
    private @Nullable Timer looks;
    private @Nullable Runnable levels;
    private boolean scheduled;
    private int keeping;

    MemoryQueue(GatherBudget budget, @Nullable Shard shard) {
        this.budget = budget;
        this.shard = shard;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Has whoever comes from now on wait for so long at most: a test that takes its time waits for longer. */
    void patience(Duration most) {
        patience = most.toNanos();
    }

    /** As {@link GatherBudget#waitFor}. */
    boolean join(GatherBudget.Waiter who, long bytes, long patienceNanos, boolean keeps) {
        Shard on = shard;
        if (on == null || keeps && keeping >= MOST_KEEPING) {
            return false;
        }
        boolean first = waiting.isEmpty();
        keeping += keeps ? 1 : 0;
        waiting.put(who, new Place(bytes, on.timers().now() + Math.min(patience, patienceNanos), keeps));
        if (first) {
            Timer timer = on.timers().coarseTimer(this::look);
            timer.armWithFixedDelay(LOOKS, LOOKS);
            looks = timer;
            levels = on.memory().budget().onLevel(level -> lookLater());
        }
        return true;
    }

    /** Waits no more. */
    void leave(GatherBudget.Waiter who) {
        Place left = waiting.remove(who);
        if (left != null) {
            keeping -= left.keeps() ? 1 : 0;
            restIfEmpty();
        }
    }

    /** There may be room: those who wait go on in a turn of their own, since whoever gives memory back is in the middle of something. */
    void lookLater() {
        Shard on = shard;
        if (on != null && !waiting.isEmpty() && !scheduled) {
            scheduled = true;
            on.execute(() -> {
                scheduled = false;
                look();
            });
        }
    }

    private void look() {
        Shard on = shard;
        if (on == null) {
            return;
        }
        for (int i = 0; i < AT_ONCE && !waiting.isEmpty(); i++) {
            Map.Entry<GatherBudget.Waiter, Place> first = waiting.entrySet().iterator().next();
            GatherBudget.Waiter who = first.getKey();
            Place place = first.getValue();
            boolean room = budget.take(place.bytes(), 0);
            if (!room && on.timers().now() - place.until() < 0) {
                return;
            }
            leave(who);
            if (room) {
                who.hasMemory(place.bytes());
            } else {
                who.hasNoMemory();
            }
        }
        lookLater();
    }

    private void restIfEmpty() {
        Timer timer = looks;
        Runnable ends = levels;
        if (waiting.isEmpty() && timer != null && ends != null) {
            timer.cancel();
            ends.run();
            looks = null;
            levels = null;
        }
    }
}
