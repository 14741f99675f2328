package io.solaster.engine.task;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.config.Internal;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.stats.ShardStats;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides whose turn it is on one shard. Each group has a queue, and a virtual runtime: the time that it ran, divided by
 * its shares. The group with the least runs next, within the task quota of a turn; one that wakes starts at the latest
 * virtual runtime, so that sleeping earns no credit. (The algorithm is that of Seastar's reactor, which took it from the
 * Completely Fair Scheduler.)
 *
 * <p>
 * Work that comes from sockets and from the mesh runs at once where that takes nothing from anybody: if its group has
 * nothing queued, is not behind a group that has, and the quota is not used up. Else it is queued in its group. Once
 * events of several groups come in, all are queued, so that the order in which the kernel tells of them gives nobody an
 * advantage.
 *
 * <p>
 * The clock is read once for several tasks where they are short, and after each where they are long. The loop's, on the
 * owning shard. Longer than 500 lines because whose turn it is, and who pays for it, is one account.
 */
@Internal
public final class GroupScheduler {
    private static final Logger log = LoggerFactory.getLogger(GroupScheduler.class);
    /** Tasks between two looks at the clock, at most. */
    private static final int LONGEST_STRIDE = 16;
    /** The same for events of sockets, of which long ones often follow short ones (io_uring: readable, then read). */
    private static final int LONGEST_SOCKET_STRIDE = 4;
    /** What a stride of tasks should take, in nanoseconds. */
    private static final long STRIDE_NANOS = 10_000;
    /** How many of the latest tasks a new one may trade places with, where they are shuffled. */
    private static final int SHUFFLED = 64;
    /** For how many turns after events of several groups came in they are all queued. */
    private static final int MIXED_TURNS = 256;
    /** Virtual runtime is that of a group with so many shares. */
    private static final long UNIT_SHARES = 1024;

    private final SchedulingGroups groups;
    private final int shard;
    private long quotaNanos;
    private final TimeSource time;
    private final ShardStats stats;
    private final @Nullable Random shuffle;
    private final @Nullable RunQueue[] queues = new @Nullable RunQueue[SchedulingGroups.MOST];
    private final RunQueue[] active = new RunQueue[SchedulingGroups.MOST];
    private int activeCount;
    private final RunQueue byDefault;
    /** Whose time it is. */
    private RunQueue current;
    /** Whether what runs at once is on {@link #current}'s account since {@link #since}. */
    private boolean charging;
    private long since;
    private long began;
    private long sliceEnd;
    /** Tasks that may run at once before the next look at the clock; how many there were after the last. */
    private int atOnce;
    private int granted;
    private long lastVruntime;
    private @Nullable RunQueue lastIo;
    private int mixedTurns;
    private boolean nobodyHeld;
    /** Groups over their rate, and submissions that wait for room; the earliest of what they wait for. */
    private int held;
    private long alarm;

    /**
     * @param time the clock, in nanoseconds since some fixed moment
     * @param shuffleSeed to run in random order what has no order, for tests; null for the order of arrival
     */
    public GroupScheduler(SchedulingGroups groups, int shard, Duration quota, TimeSource time, ShardStats stats,
            @Nullable Long shuffleSeed) {
        this.groups = groups;
        this.shard = shard;
        this.quotaNanos = quota.toNanos();
        this.time = time;
        this.stats = stats;
        this.shuffle = shuffleSeed == null ? null : new Random(shuffleSeed + shard);
        groups.all().forEach(group -> queue(group.id()));
        this.byDefault = queue(groups.byDefault().id());
        this.current = byDefault;
    }

    private RunQueue queue(int group) {
        RunQueue queue = queues[group];
        if (queue == null) {
            SchedulingGroup made = groups.byId(group);
            queue = new RunQueue(made, stats.addGroup(group, made.name(), made::shares, time.nanoTime()));
            queues[group] = queue;
        }
        return queue;
    }

    /** The group whose time it is. */
    public SchedulingGroup current() {
        return current.group;
    }

    /** Whether the turn may go on before sockets are looked at again; does not read the clock. */
    public boolean hasQuota() {
        return since - began < quotaNanos;
    }

    /** Changes the task quota, from the next turn on. */
    public void quota(Duration quota) {
        quotaNanos = quota.toNanos();
    }

    /** How long the groups have in one turn. */
    long quotaNanos() {
        return quotaNanos;
    }

    /** The clock, as it was read last. */
    public long clock() {
        return since;
    }

    /** Whether what runs has used up its part of this turn. */
    public boolean needPreempt() {
        return time.nanoTime() - sliceEnd >= 0;
    }

    /** Queues a task in the group whose time it is. */
    public void execute(Runnable task) {
        add(current, task);
    }

    /** Queues a task in a group. */
    public void execute(SchedulingGroup group, Runnable task) {
        add(queue(group.id()), task);
    }

    /** Queues a task in the group of a number. */
    public void execute(int group, Runnable task) {
        add(queue(group), task);
    }

    private void add(RunQueue queue, Runnable task) {
        queue.add(task);
        if (shuffle != null) {
            // Among the latest only, so that under a flood each still has its turn.
            int among = Math.min(queue.size(), SHUFFLED);
            queue.shuffleNewest(queue.size() - among + shuffle.nextInt(among));
        }
        if (!queue.active && queue.throttledUntil == 0) {
            activate(queue);
        }
    }

    private void activate(RunQueue queue) {
        queue.active = true;
        if (queue != current || !charging) {
            queue.stats.activated(since);
        }
        catchUp(queue);
        active[activeCount++] = queue;
    }

    private void catchUp(RunQueue queue) {
        if (queue.vruntime - lastVruntime < 0) {
            queue.vruntime = lastVruntime;
        }
    }

    private void deactivate(RunQueue queue) {
        queue.active = false;
        queue.stats.queued.set(queue.size());
        for (int i = 0; i < activeCount; i++) {
            if (active[i] == queue) {
                active[i] = active[--activeCount];
                return;
            }
        }
    }

    /** Queues a task, unless its group's queue is full: then the task is refused, or waits for room. */
    public void submit(Submission task) {
        SchedulingGroup group = task.group();
        RunQueue queue = queue(group.id());
        if (!queue.isFull() || nobodyHeld) {
            add(queue, task);
            return;
        }
        GroupConfig config = group.config();
        if (config.whenFull() == WhenFull.REJECT) {
            queue.stats.rejected.increment();
            task.refused(new RejectedExecutionException("solaster.engine.groups." + group.name() + ".max-queued: "
                    + config.maxQueued() + " tasks wait on shard " + shard + " already"));
            return;
        }
        ArrayDeque<RunQueue.Waiting> waiting = queue.waiting;
        if (waiting == null) {
            waiting = new ArrayDeque<>();
            queue.waiting = waiting;
        }
        long until = time.nanoTime() + config.queueTimeout().toNanos();
        waiting.add(new RunQueue.Waiting(task, until));
        hold(until);
    }

    private void hold(long until) {
        alarm = held == 0 || until - alarm < 0 ? until : alarm;
        held++;
    }

    /** A turn begins: sockets have been waited for, and are served next. */
    public void begin(long now) {
        began = now;
        since = now;
        sliceEnd = now + quotaNanos;
        atOnce = 0;
        if (mixedTurns > 0) {
            mixedTurns--;
        }
    }

    /**
     * Whether an event of a socket may be served at once; if so, it is on the account of its group from here. If not, it
     * is to be queued with {@link #execute(SchedulingGroup, Runnable)}.
     */
    public boolean mayServe(SchedulingGroup group) {
        RunQueue queue = queue(group.id());
        if (queue != lastIo) {
            mixedTurns = lastIo == null ? 0 : MIXED_TURNS;
            lastIo = queue;
        }
        return (mixedTurns == 0 || nobodyHeld) && mayRun(queue, LONGEST_SOCKET_STRIDE);
    }

    /** As {@link #mayServe}, for what comes through the mesh. */
    public boolean mayRun(int group) {
        return mayRun(queue(group), LONGEST_STRIDE);
    }

    private boolean mayRun(RunQueue queue, int longestStride) {
        if (!queue.isEmpty() && !nobodyHeld) {
            return false;
        }
        if (queue == current && charging && --atOnce > 0) {
            return true;
        }
        long now = settle();
        if (!nobodyHeld && (now - sliceEnd >= 0 || queue.throttledUntil != 0 || queue.group.config().rateLimit() > 0
                || isBehind(queue))) {
            return false;
        }
        catchUp(queue);
        lastVruntime = queue.vruntime;
        current = queue;
        charging = true;
        granted = Math.min(queue.strideAtOnce, longestStride);
        atOnce = granted;
        queue.stats.activated(now);
        stats.heartbeat.group(queue.group.id());
        return true;
    }

    /** Whether a group that has something queued comes before this one. */
    private boolean isBehind(RunQueue queue) {
        long vruntime = queue.vruntime - lastVruntime < 0 ? lastVruntime : queue.vruntime;
        for (int i = 0; i < activeCount; i++) {
            if (active[i].vruntime - vruntime < 0) {
                return true;
            }
        }
        return false;
    }

    /** Puts what has run at once on its group's account; returns the clock. */
    private long settle() {
        if (!charging) {
            return since;
        }
        long now = time.nanoTime();
        int ran = Math.min(granted, granted - atOnce + 1);
        stats.ran(ran, now - since);
        current.strideAtOnce = nextStride(current.strideAtOnce, ran, now - since);
        charge(current, now, ran);
        since = now;
        charging = false;
        return now;
    }

    /** The turn of a group ends. */
    private void charge(RunQueue queue, long now, int ran) {
        long nanos = queue.stats.stopped(now, ran);
        queue.vruntime += nanos * UNIT_SHARES / queue.group.shares();
        stats.heartbeat.busy(now);
    }

    /** What sockets and the mesh brought has been served: from here to {@link #run} nothing is on a group's account. */
    public long serve() {
        long now = settle();
        current = byDefault;
        return now;
    }

    /**
     * Runs what is queued, within the task quota.
     *
     * @return whether anything ran
     */
    public boolean run(long start) {
        if (held > 0 && (start - alarm >= 0 || nobodyHeld)) {
            release(start);
        }
        if (activeCount == 0) {
            return false;
        }
        long now = start;
        since = now;
        sliceEnd = now + quotaNanos;
        do {
            RunQueue queue = least();
            if (queue.vruntime - lastVruntime > 0) {
                lastVruntime = queue.vruntime;
            }
            current = queue;
            now = run(queue, now);
        } while (activeCount > 0 && now - sliceEnd < 0);
        current = byDefault;
        int pending = 0;
        for (int i = 0; i < activeCount; i++) {
            active[i].stats.queued.set(active[i].size());
            pending += active[i].size();
        }
        stats.pending.set(pending);
        return true;
    }

    private RunQueue least() {
        RunQueue least = active[0];
        for (int i = 1; i < activeCount; i++) {
            if (active[i].vruntime - least.vruntime < 0) {
                least = active[i];
            }
        }
        return least;
    }

    private long run(RunQueue queue, long start) {
        queue.stats.started(start);
        stats.heartbeat.group(queue.group.id());
        int ran = 0;
        int allowance = nobodyHeld ? Integer.MAX_VALUE : queue.allowance(start);
        // One that has nothing was left behind by a task that ended the loop: the shard stops.
        while (allowance > ran && !queue.isEmpty()) {
            int stride = Math.min(Math.min(queue.stride, allowance - ran), queue.size());
            for (int i = 0; i < stride; i++) {
                run(queue.poll());
            }
            long then = time.nanoTime();
            account(queue, stride, then - since);
            since = then;
            ran += stride;
            if (queue.waiting != null) {
                admit(queue);
            }
            if (then - sliceEnd >= 0) {
                break;
            }
        }
        long now = since;
        if (now - start > 2 * quotaNanos) {
            queue.stats.quotaViolations.increment();
            queue.stats.quotaViolationNanos.add(now - start - quotaNanos);
        }
        charge(queue, now, ran);
        if (queue.throttledUntil != 0) {
            hold(queue.throttledUntil);
            deactivate(queue);
        } else if (queue.isEmpty()) {
            deactivate(queue);
        }
        return now;
    }

    /**
     * Runs something while no group has its turn, on the account of one.
     *
     * @return how many nanoseconds it took
     */
    long runAtEnd(SchedulingGroup group, Runnable work) {
        RunQueue queue = queue(group.id());
        long start = time.nanoTime();
        since = start;
        sliceEnd = start + quotaNanos;
        if (queue.active) {
            queue.stats.started(start);
        } else {
            catchUp(queue);
            queue.stats.activated(start);
        }
        current = queue;
        stats.heartbeat.group(group.id());
        run(work);
        since = time.nanoTime();
        stats.ran(1, since - start);
        charge(queue, since, 1);
        current = byDefault;
        return since - start;
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            log.error("A task threw in group '{}' on shard {}", current.group, shard, failure);
        }
    }

    private void account(RunQueue queue, int ran, long nanos) {
        stats.ran(ran, nanos);
        stats.heartbeat.busy(since + nanos);
        queue.spend(ran);
        queue.stride = nextStride(queue.stride, ran, nanos);
    }

    private static int nextStride(int stride, int ran, long nanos) {
        if (nanos > STRIDE_NANOS) {
            return (int) Math.max(1, ran * STRIDE_NANOS / nanos);
        }
        return ran == stride && nanos < STRIDE_NANOS / 2 ? Math.min(LONGEST_STRIDE, ran * 2) : stride;
    }

    /** Lets in who waits, as far as there is room. */
    private void admit(RunQueue queue) {
        ArrayDeque<RunQueue.Waiting> waiting = Objects.requireNonNull(queue.waiting);
        int most = queue.group.config().maxQueued();
        while (!waiting.isEmpty() && (most == 0 || queue.size() < most || nobodyHeld)) {
            add(queue, waiting.remove().task());
            held--;
        }
    }

    /** Lets go what has waited until now. */
    private void release(long now) {
        held = 0;
        for (RunQueue queue : queues) {
            if (queue == null) {
                continue;
            }
            if (queue.throttledUntil != 0) {
                if (nobodyHeld || now - queue.throttledUntil >= 0) {
                    queue.throttledUntil = 0;
                    if (!queue.isEmpty()) {
                        activate(queue);
                    }
                } else {
                    hold(queue.throttledUntil);
                }
            }
            if (queue.waiting != null) {
                expire(queue, queue.waiting, now);
            }
        }
    }

    private void expire(RunQueue queue, ArrayDeque<RunQueue.Waiting> waiting, long now) {
        int count = waiting.size();
        for (int i = 0; i < count; i++) {
            RunQueue.Waiting next = waiting.remove();
            if (nobodyHeld) {
                add(queue, next.task());
            } else if (now - next.until() >= 0) {
                queue.stats.rejected.increment();
                next.task().refused(new TimeoutException("solaster.engine.groups." + queue.group.name()
                        + ".queue-timeout: no room in the group's queue on shard " + shard + " within "
                        + queue.group.config().queueTimeout()));
            } else if (next.task().isCancelled()) {
                next.task().refused(new CancellationException("cancelled while it waited for room"));
            } else {
                waiting.add(next);
                hold(next.until());
            }
        }
    }

    /** Whether something could run now. */
    public boolean hasTasks() {
        return activeCount > 0;
    }

    /** When something that is held back should be looked at, by the scheduler's clock; {@link Long#MAX_VALUE} if nothing is. */
    public long wakeAt() {
        return held == 0 ? Long.MAX_VALUE : alarm;
    }

    /** Tasks that are queued, over all groups. */
    public int queued() {
        int sum = 0;
        for (RunQueue queue : queues) {
            sum += queue == null ? 0 : queue.size();
        }
        return sum;
    }

    /** The shard stops: from now on nobody is held back. */
    public void holdNobodyBack() {
        nobodyHeld = true;
    }

    /** Whether the shard stops. */
    public boolean holdsNobodyBack() {
        return nobodyHeld;
    }

    /** Runs what is queued of a kind that cannot be abandoned. Last of all, on the shard. */
    public void runLast(Class<? extends Runnable> kind) {
        for (RunQueue queue : queues) {
            int size = queue == null ? 0 : queue.size();
            for (int i = 0; i < size; i++) {
                Runnable task = Objects.requireNonNull(queue).poll();
                if (kind.isInstance(task)) {
                    current = queue;
                    run(task);
                } else {
                    queue.add(task);
                }
            }
        }
        current = byDefault;
    }

    /**
     * Ends by name what could not be taken.
     *
     * @param refuses whether a {@link Submission} is refused, rather than abandoned
     */
    public void abandon(Runnable task, boolean refuses, Throwable failure) {
        log.error("Shard {} cannot take {}", shard, task.getClass().getName(), failure);
        abandon(task, each -> {
            if (refuses && each instanceof Submission submission) {
                submission.refused(new RejectedExecutionException("shard " + shard + " could not take it", failure));
            } else {
                each.abandon();
            }
        });
    }

    /**
     * Abandons what is left. After the shard has ended; any thread.
     *
     * @param how abandons one
     */
    public void abandonAll(Consumer<Abandonable> how) {
        for (RunQueue queue : queues) {
            while (queue != null && !queue.isEmpty()) {
                abandon(queue.poll(), how);
            }
            while (queue != null && queue.waiting != null && !queue.waiting.isEmpty()) {
                abandon(queue.waiting.remove().task(), how);
            }
        }
    }

    /** Abandons one task, if it is to hear of its end; throws nothing. Any thread. */
    public static void abandon(Runnable task, Consumer<Abandonable> how) {
        if (task instanceof Abandonable abandonable) {
            try {
                how.accept(abandonable);
            } catch (Throwable failure) {
                // Others wait to hear of their end.
                log.error("{} threw when it was abandoned", task.getClass().getName(), failure);
            }
        }
    }
}
