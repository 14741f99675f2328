package io.solaster.engine.stats;

import org.jspecify.annotations.Nullable;

/**
 * What the watchdog has to say about one task that holds a shard.
 *
 * @param shard the shard's number
 * @param group the scheduling group of the task; null where it is the sockets' or the loop's own work
 * @param nanos how long the shard has been at it, less what the machine, collections and the watchdog itself took
 * @param stack where the shard is; null where the task has ended
 * @param phase how far it has come
 */
record Stall(int shard, @Nullable String group, long nanos, @Nullable String stack, Phase phase) {

    /** How far a stall has come. */
    enum Phase {
        /** Over the threshold. */
        BEGUN,
        /** Twice as long as when it was last reported. */
        GOES_ON,
        /** Over. */
        ENDED
    }
}
