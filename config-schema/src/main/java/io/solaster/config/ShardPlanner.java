package io.solaster.config;

/** Decides which shard runs on which CPU, in pure code: nothing is read but the arguments. */
public final class ShardPlanner {

    private ShardPlanner() {}

    /**
     * Plans the shards of a configuration on a machine.
     *
     * @throws InvalidConfigException if the configuration asks for what the machine does not have
     */
    public static ShardPlan plan(Machine machine, EngineConfig config) {
        throw new UnsupportedOperationException();
    }
}
