package io.solaster.pool.balance;

import java.util.SplittableRandom;

import io.solaster.engine.env.TimeSource;

/**
 * What an algorithm chooses among, and what it chooses by. One of a shard; nobody changes its arrays any more.
 *
 * @param loads one for each target
 * @param weights one for each target, from 1
 * @param random the shard's, which nobody else uses
 * @param clock the shard's time
 * @param decay the time in which a latency falls to its 1/e, in nanoseconds
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares or prints it
public record Candidates(Load[] loads, int[] weights, SplittableRandom random, TimeSource clock, double decay) {

    int size() {
        return loads.length;
    }

    /** Whether all weights are the same. */
    boolean areEqual() {
        for (int weight : weights) {
            if (weight != weights[0]) {
                return false;
            }
        }
        return true;
    }
}
