package io.solaster.config.plan;

import java.util.List;

import io.solaster.config.value.CpuSet;

/**
 * Which shard runs where, and why. Made by {@link ShardPlanner}.
 *
 * @param shards the shards by number
 * @param housekeeping CPUs for everything that is no shard; empty where none could be set aside
 * @param pinned whether each shard's thread is bound to its CPU
 * @param spin whether a shard looks for work for a while before it sleeps
 * @param reasons a sentence for each decision
 */
public record ShardPlan(List<PlannedShard> shards, CpuSet housekeeping, boolean pinned, boolean spin,
        List<String> reasons) {

    public ShardPlan {
        shards = List.copyOf(shards);
        reasons = List.copyOf(reasons);
    }

    /**
     * One shard's place.
     *
     * @param id the shard's number, from 0
     * @param cpu the CPU it is meant for
     * @param numaNode the NUMA node of that CPU; 0 on machines that have none
     */
    public record PlannedShard(int id, int cpu, int numaNode) {}

    /** What the shards of a process are for. */
    public enum Work {
        /** Connections of servers: the shards do the application's work, and everything else steps aside for them. */
        SERVERS,
        /** Pools and beans alone: other threads do the application's work, and the shards must not stand in their way. */
        CLIENTS
    }
}
