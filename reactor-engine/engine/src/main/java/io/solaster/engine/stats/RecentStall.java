package io.solaster.engine.stats;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * A stall that the {@link StallWatchdog} remembers.
 *
 * @param at when it was found, which is up to a threshold after it began
 * @param group the scheduling group of the task; null where it is the sockets' or the loop's own work
 * @param nanos how long the shard has been at it, less what the machine and collections took
 * @param stack where the shard was when that was last looked at; null where the task had ended by then
 * @param ended whether the task is over
 */
public record RecentStall(Instant at, @Nullable String group, long nanos, @Nullable String stack, boolean ended) {}
