package io.solaster.engine.task;

/** A named share of every shard's time. Any thread. */
public final class SchedulingGroup {
    private final int id;
    private final String name;
    private volatile int shares;

    SchedulingGroup(int id, String name, int shares) {
        this.id = id;
        this.name = name;
        this.shares = shares;
    }

    /** The group that a shard starts in. For the time being. */
    public static final SchedulingGroup DEFAULT = new SchedulingGroup(1, "default", 200);

    /** The group's number in its engine, from 0. */
    public int id() {
        return id;
    }

    /** The group's name. */
    public String name() {
        return name;
    }

    /** The group's part of the time when others want some too, relative to theirs. */
    public int shares() {
        return shares;
    }

    @Override
    public String toString() {
        return name;
    }
}
