package io.solaster.engine.task;

import java.util.List;

import io.solaster.config.GroupConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;

/**
 * A named share of every shard's time. When several groups want to run on a shard, each gets time in proportion to its
 * shares; one that wants none leaves its part to the others, and earns no credit by it. Whatever a task submits, arms or
 * awaits runs in the task's own group, unless another is named. Made by {@link SchedulingGroups}. Any thread.
 */
public final class SchedulingGroup {
    private static final int MOST_SHARES = 1_000_000;

    private final int id;
    private final String name;
    private final int defaultShares;
    private volatile GroupConfig config;
    private volatile int shares;

    SchedulingGroup(int id, String name, int defaultShares, GroupConfig config) {
        this.id = id;
        this.name = name;
        this.defaultShares = defaultShares;
        this.config = config;
        this.shares = sharesOf(config);
    }

    private int sharesOf(GroupConfig newConfig) {
        int asked = newConfig.shares() == 0 ? defaultShares : newConfig.shares();
        if (asked < 1 || asked > MOST_SHARES) {
            throw new InvalidConfigException(List.of(new Violation("solaster.engine.groups." + name + ".shares",
                    String.valueOf(asked), asked + " is out of range", "write a number from 1 to " + MOST_SHARES)));
        }
        return asked;
    }

    /** @throws InvalidConfigException if the shares are out of range */
    void check(GroupConfig newConfig) {
        sharesOf(newConfig);
    }

    /** The group's number in its engine, from 0. */
    public int id() {
        return id;
    }

    /** The group's name, unique in its engine. */
    public String name() {
        return name;
    }

    /** The group's part of the time, relative to the parts of others that want some too. */
    public int shares() {
        return shares;
    }

    /** What the group may take. */
    public GroupConfig config() {
        return config;
    }

    /** Changes the shares alone, from the next time that the group runs. */
    public void setShares(int newShares) {
        update(config.withShares(newShares));
    }

    /**
     * Changes what the group may take, at once on every shard. Limits hold for what is submitted from now on.
     *
     * @throws InvalidConfigException if the shares are out of range; nothing changes then
     */
    public void update(GroupConfig newConfig) {
        int newShares = sharesOf(newConfig);
        config = newConfig;
        shares = newShares;
    }

    @Override
    public String toString() {
        return name;
    }
}
