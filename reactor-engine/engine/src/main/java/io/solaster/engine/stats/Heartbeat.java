package io.solaster.engine.stats;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import io.solaster.config.Internal;

/**
 * What a shard says of itself while it runs: since when it has been at its present batch of work, or that it sleeps.
 * The shard writes one opaque {@code long} per batch, with a reading of the clock that it has anyway; whoever looks
 * finds the time of the batch in it, and takes a batch for the same as long as the {@code long} is the same. One
 * thread writes, any thread reads.
 */
public final class Heartbeat extends HeartbeatFields {
    /** No group: sockets, the mesh, and the loop itself. */
    public static final int NO_GROUP = -1;

    private static final VarHandle MARK;
    private static final VarHandle GROUP;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MARK = lookup.findVarHandle(HeartbeatFields.class, "mark", long.class);
            GROUP = lookup.findVarHandle(HeartbeatFields.class, "group", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused")
    private long p00, p01, p02, p03, p04, p05, p06, p07;

    /** A batch of work begins: tasks of one group, or a look at the sockets. The writing thread only. */
    @Internal
    public void busy(long nanoTime) {
        MARK.setOpaque(this, nanoTime | 1);
    }

    /** From here on it may sleep. The writing thread only. */
    @Internal
    public void idle(long nanoTime) {
        MARK.setOpaque(this, nanoTime & ~1);
    }

    /** Which group's tasks run from here on; see {@link GroupStats#id}. The writing thread only. */
    public void group(int id) {
        GROUP.setOpaque(this, id);
    }

    /** The group whose tasks run, or {@link #NO_GROUP}. Any thread. */
    public int group() {
        return (int) GROUP.getOpaque(this);
    }

    /** What was said last, to be asked {@link #isBusy} and {@link #since}. Any thread. */
    long mark() {
        return (long) MARK.getOpaque(this);
    }

    /**
     * For how many nanoseconds it has been at its present batch of work; 0 while it sleeps, or has not begun. Any thread.
     */
    public long busyFor(long nanoTime) {
        long seen = mark();
        return seen == 0 || !isBusy(seen) ? 0 : Math.max(0, nanoTime - since(seen));
    }

    static boolean isBusy(long mark) {
        return (mark & 1) != 0;
    }

    /** The reading of the clock that came with a mark, but for its last bit. */
    static long since(long mark) {
        return mark & ~1;
    }
}

abstract class HeartbeatFields extends CachePadding {
    long mark;
    int group = Heartbeat.NO_GROUP;
}
