package io.solaster.engine.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** What one shard counts about itself. Written by the shard, read by any thread. */
public final class ShardStats {
    /** Turns of the loop. */
    public final Counter turns = new Counter();
    /** Times that the loop asked its transport for events, whether it slept for them or not. */
    public final Counter polls = new Counter();
    /** Nanoseconds of turns that found something to do. */
    public final Counter busyNanos = new Counter();
    /** Nanoseconds of sleep, and of turns that looked for work and found none. */
    public final Counter idleNanos = new Counter();
    /** How long turns took that found something to do. */
    public final Histogram turnNanos = new Histogram();
    /** Tasks run, of all groups. */
    public final Counter tasks = new Counter();
    /** How long tasks took; short ones are timed several at once, and count as equally long. */
    public final Histogram taskNanos = new Histogram();
    /** Tasks that wait for their turn, of all groups; as of the last turn. */
    public final Counter pending = new Counter();
    /** Times that the shard found nothing to do and slept. */
    public final Counter parks = new Counter();
    /** Times that this shard woke a sleeping peer. */
    public final Counter wakeUps = new Counter();
    /** Messages sent to peers. */
    public final Counter messagesSent = new Counter();
    /** Messages received from peers. */
    public final Counter messagesReceived = new Counter();
    /** Times that somebody on this shard waited for a lane above its high-water mark. */
    public final Counter laneSaturations = new Counter();
    /** Calls that waited for a mesh permit. */
    public final Counter permitWaits = new Counter();
    /** Calls that failed since no mesh permit was free in time. */
    public final Counter permitTimeouts = new Counter();
    /** Connections that are open. */
    public final Counter connections = new Counter();
    /** Connections accepted. */
    public final Counter accepted = new Counter();
    /** Connections refused because the server had as many as it may. */
    public final Counter refused = new Counter();
    /** Times that accepting paused for want of file descriptors. */
    public final Counter acceptPauses = new Counter();
    /** Times that one task took longer than the stall threshold. Written by the {@link StallWatchdog}. */
    public final Counter stalls = new Counter();
    /** The longest of them in nanoseconds. Written by the {@link StallWatchdog}. */
    public final Counter longestStallNanos = new Counter();
    /** Times that work at the end of a turn took longer than the task quota. */
    public final Counter turnEndOverruns = new Counter();
    /** What is done to files. */
    public final FileStats files = new FileStats();
    /** What the shard is at. */
    public final Heartbeat heartbeat = new Heartbeat();

    private final List<Consumer<GroupStats>> groupListeners = new ArrayList<>();
    private volatile List<GroupStats> groups = List.of();
    private volatile @Nullable RunDelay runDelay;
    private volatile @Nullable Thread watchdog;
    private volatile int tid;
    private long boundary;

    /**
     * The shard's loop begins. On the shard's thread.
     *
     * @param tid the kernel's number of the thread
     */
    @Internal
    public void begins(int tid, long now) {
        this.tid = tid;
        runDelay = RunDelay.of(tid, Thread.currentThread());
        boundary = now;
        heartbeat.busy(now);
    }

    /**
     * A turn has ended, and the next one begins; before it may sleep, {@link #sleeps} follows. The writing thread only.
     *
     * @param worked whether the turn found anything to do
     */
    @Internal
    public void turned(long now, boolean worked) {
        turns.increment();
        long took = now - boundary;
        boundary = now;
        if (worked) {
            busyNanos.add(took);
            turnNanos.record(took);
        } else {
            idleNanos.add(took);
        }
        heartbeat.group(Heartbeat.NO_GROUP);
        heartbeat.busy(now);
    }

    /** From here on the loop may sleep. The writing thread only. */
    @Internal
    public void sleeps(long now) {
        heartbeat.idle(now);
    }

    /** The shard's loop has ended; {@link #stealNanos} stays as it is. The writing thread only. */
    @Internal
    public void ends(long now) {
        sleeps(now);
        RunDelay source = runDelay;
        if (source != null) {
            source.getAsLong();
            source.close();
        }
    }

    /** The loop has slept, or was about to, and a turn begins. The writing thread only. */
    @Internal
    public void woke(long now) {
        idleNanos.add(now - boundary);
        boundary = now;
        heartbeat.busy(now);
        Thread dozing = watchdog;
        if (dozing != null) {
            watchdog = null;
            LockSupport.unpark(dozing);
        }
    }

    /**
     * Has the shard unpark a thread when it wakes next. One that wakes at this very moment may miss it. Any thread.
     */
    void wakes(Thread dozing) {
        watchdog = dozing;
    }

    /** Tasks have run, timed at once. The writing thread only. */
    @Internal
    public void ran(long count, long nanos) {
        tasks.add(count);
        taskNanos.record(count == 1 ? nanos : nanos / count, count);
    }

    /**
     * Nanoseconds that the shard's thread was ready to run and its CPU did something else; 0 before it starts. Reads a
     * file of the kernel, which takes some microseconds. Any thread but a shard.
     */
    public long stealNanos() {
        LongSupplier source = runDelay;
        return source == null ? 0 : source.getAsLong();
    }

    /** The kernel's number of the shard's thread; 0 before it starts. Any thread. */
    public int tid() {
        return tid;
    }

    /** The groups of this shard in the order of their making. Any thread. */
    public List<GroupStats> groups() {
        return groups;
    }

    /**
     * Makes what this shard counts about a group. Any thread, before the group's first task.
     *
     * @param shares tells the group's shares at any time, to any thread
     * @param now the scheduler's clock
     */
    @Internal
    public synchronized GroupStats addGroup(int id, String name, IntSupplier shares, long now) {
        GroupStats group = new GroupStats(id, name, shares, now);
        List<GroupStats> more = new ArrayList<>(groups);
        more.add(group);
        groups = List.copyOf(more);
        groupListeners.forEach(listener -> listener.accept(group));
        return group;
    }

    /** Calls a listener with each group there is, and with each one made later, on whatever thread. Any thread. */
    public synchronized void onGroup(Consumer<GroupStats> listener) {
        groups.forEach(listener);
        groupListeners.add(listener);
    }

    /** The name of the group that runs; null where that is none. */
    @Nullable
    String groupName() {
        int id = heartbeat.group();
        for (GroupStats group : groups) {
            if (group.id() == id) {
                return group.name();
            }
        }
        return null;
    }
}
