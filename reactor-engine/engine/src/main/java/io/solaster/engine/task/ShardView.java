package io.solaster.engine.task;

/** A shard as the rooms below the engine's root see it: by its number, and what runs there. */
public interface ShardView {

    /** The shard's number, from 0. Any thread. */
    int id();

    /** The group that is running on this shard. On the owning shard. */
    SchedulingGroup currentGroup();
}
