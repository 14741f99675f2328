package io.solaster.http.exchange;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/**
 * Bodies that wait for memory, first come, first served, while their connections are not read. They hold none yet, so that
 * those which do always come to their end and make room. Whoever has waited too long is refused. There are no more of
 * them than connections. On the owning shard.
 */
final class MemoryQueue {
    /** A client that is not answered for longer had better go elsewhere. */
    private static final long PATIENCE = Duration.ofSeconds(5).toNanos();
    /** Nobody tells of Netty's buffers that have shrunk. */
    private static final Duration LOOKS = Duration.ofMillis(100);
    /** Bodies that go on before others have their turn. */
    private static final int AT_ONCE = 16;

    private record Place(long bytes, long until) {}

    private final GatherBudget budget;
    private final @Nullable Shard shard;
    private long patience = PATIENCE;
    private final Map<Body, Place> waiting = new LinkedHashMap<>();
    private @Nullable Timer looks;
    private @Nullable Runnable levels;
    private boolean scheduled;

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

    /**
     * Waits for memory: then {@link Body#hasMemory} is called, or {@link Body#hasNoMemory}.
     *
     * @param patienceNanos how long at most
     * @return false where nobody can wait, off the shards
     */
    boolean join(Body body, long bytes, long patienceNanos) {
        Shard on = shard;
        if (on == null) {
            return false;
        }
        boolean first = waiting.isEmpty();
        waiting.put(body, new Place(bytes, on.timers().now() + Math.min(patience, patienceNanos)));
        if (first) {
            Timer timer = on.timers().coarseTimer(this::look);
            timer.armWithFixedDelay(LOOKS, LOOKS);
            looks = timer;
            levels = on.memory().budget().onLevel(level -> lookLater());
        }
        return true;
    }

    /** Waits no more. */
    void leave(Body body) {
        waiting.remove(body);
        restIfEmpty();
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
            Map.Entry<Body, Place> first = waiting.entrySet().iterator().next();
            Body body = first.getKey();
            Place place = first.getValue();
            boolean room = budget.take(place.bytes(), 0);
            if (!room && on.timers().now() - place.until() < 0) {
                return;
            }
            waiting.remove(body);
            restIfEmpty();
            if (room) {
                body.hasMemory(place.bytes());
            } else {
                body.hasNoMemory();
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
