package io.solaster.spring.trace;

import io.micrometer.observation.Observation;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.trace.Hop;
import org.jspecify.annotations.Nullable;

/** What a convention may know of work that was handed over. */
public final class HopContext extends Observation.Context {
    private final String engine;
    private final Hop.Kind kind;
    private final @Nullable ShardView from;
    private final @Nullable ShardView to;
    private final @Nullable SchedulingGroup group;
    private volatile long queueWaitNanos = -1;
    private volatile @Nullable Throwable failure;
    private volatile boolean over;

    HopContext(String engine, Hop.Kind kind, @Nullable ShardView from, @Nullable ShardView to,
            @Nullable SchedulingGroup group) {
        this.engine = engine;
        this.kind = kind;
        this.from = from;
        this.to = to;
        this.group = group;
    }

    /** The engine's name. */
    public String engine() {
        return engine;
    }

    /** How it was handed over. */
    public Hop.Kind kind() {
        return kind;
    }

    /** The shard that handed it over; null where that was no shard. */
    public @Nullable ShardView from() {
        return from;
    }

    /** The shard that it was handed to; null for Offload. */
    public @Nullable ShardView to() {
        return to;
    }

    /** Where it ran; null off the shards. */
    public @Nullable SchedulingGroup group() {
        return group;
    }

    /** From the call until the work began; negative if it has not. */
    public long queueWaitNanos() {
        return queueWaitNanos;
    }

    void queueWaitNanos(long nanos) {
        queueWaitNanos = nanos;
    }

    /** What it failed with; null if it did not. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** Whether all is known of it; conventions are asked at its start too. */
    public boolean isOver() {
        return over;
    }

    void over(@Nullable Throwable newFailure) {
        failure = newFailure;
        over = true;
    }
}
