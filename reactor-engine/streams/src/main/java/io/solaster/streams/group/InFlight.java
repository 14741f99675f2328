package io.solaster.streams.group;

import java.time.Duration;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.streams.topic.Entry;
import org.jspecify.annotations.Nullable;

/** An entry on its way to a member, until it is acknowledged. On the shard, unless a method says otherwise. */
public final class InFlight {
    final GroupShard group;
    final Entry entry;
    final int row;
    /** Of its key; -1 where nothing has to come after it. */
    final int lane;
    Member member;
    /** What its handler gets: a plug-in may have given it another value. */
    private Entry shown;
    int attempts;
    State state = State.HELD;
    /** What comes after it in its lane. */
    @Nullable
    InFlight next;

    enum State {
        /** It waits for the one before it in its lane. */
        HELD, RUNNING, BACKING_OFF, DONE,
        /** Another member has it now; the handler that has it still may acknowledge it. */
        TAKEN
    }

    InFlight(GroupShard group, Entry entry, int row, int lane, Member member) {
        this.group = group;
        this.entry = entry;
        this.shown = entry;
        this.row = row;
        this.lane = lane;
        this.member = member;
    }

    /** As its handler gets it this time. */
    public Entry entry() {
        return shown;
    }

    void show(Entry asNow) {
        shown = asNow;
    }

    /** Any thread. */
    public Shard shard() {
        return group.shard();
    }

    /** How often it was given to a handler of this process, this time too. */
    public int attempts() {
        return attempts;
    }

    /** The group has done with it. A second time it does nothing. Completes when that is in the log. */
    public ShardFuture<@Nullable Void> acknowledge() {
        return group.acknowledge(this);
    }

    /** Whoever is next gets it again, after a while. Does nothing if it was acknowledged or handed back. */
    public void handBack(@Nullable Duration after) {
        group.handBack(this, after);
    }
}
