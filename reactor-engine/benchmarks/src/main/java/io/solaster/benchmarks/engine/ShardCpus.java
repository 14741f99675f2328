package io.solaster.benchmarks.engine;

import io.solaster.config.EngineConfig;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.MachineProbe;

/** Where an engine of two shards puts them, for peers that are to run on the same CPUs. */
final class ShardCpus {

    private ShardCpus() {}

    /** Binds the calling thread to the CPU of a shard, where an engine would be bound to it too. */
    static void pin(int shard) {
        ShardPlan plan = ShardPlanner.plan(MachineProbe.probe(), EngineConfig.defaults().withShards(2));
        if (plan.pinned() && CpuAffinity.unavailable().isEmpty()) {
            CpuAffinity.pin(plan.shards().get(shard).cpu());
        }
    }
}
