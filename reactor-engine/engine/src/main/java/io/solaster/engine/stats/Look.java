package io.solaster.engine.stats;

import java.util.function.Supplier;

/**
 * What one look of the watchdog finds, for all shards; all in nanoseconds.
 *
 * @param now when it looks
 * @param before when it looked before
 * @param late how much later it looks than it meant to
 * @param disturbed whether it is so late that what happened since the look before cannot be told apart
 * @param threshold what makes a stall
 * @param period the time between two looks
 * @param collectors how long collections have held all threads
 * @param collectorsBefore the same at the look before
 * @param stealBefore what the hypervisor took when that was last looked at
 * @param steal asks for it anew
 * @param delayReadsApart how far apart the run delays of one shard are read while nothing is suspected
 */
record Look(long now, long before, long late, boolean disturbed, long threshold, long period, long collectors,
        long collectorsBefore, StealTime stealBefore, Supplier<StealTime> steal, long delayReadsApart) {}
