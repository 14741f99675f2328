package io.solaster.engine;

import java.time.Duration;

import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * How a call to a shard is made.
 *
 * @param group where it runs; null for the caller's group, or the default one where that is no shard
 * @param deadline how long the caller waits for the answer; null for as long as it takes. Work that has not begun by then
 *            is not begun; work under way goes on and its answer is dropped
 */
public record CallOptions(@Nullable SchedulingGroup group, @Nullable Duration deadline) {
    /** In the caller's group, for as long as it takes. */
    public static final CallOptions DEFAULTS = new CallOptions(null, null);

    /** In a group. */
    public static CallOptions in(SchedulingGroup group) {
        return new CallOptions(group, null);
    }

    /** With a deadline, in the caller's group. */
    public static CallOptions within(Duration deadline) {
        return new CallOptions(null, deadline);
    }

    /** This with a deadline. */
    public CallOptions withDeadline(Duration newDeadline) {
        return new CallOptions(group, newDeadline);
    }
}
