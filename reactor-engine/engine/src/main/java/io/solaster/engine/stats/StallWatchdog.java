package io.solaster.engine.stats;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.solaster.config.Internal;
import io.solaster.config.StallConfig;
import io.solaster.engine.env.Environment;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the task that holds a shard for longer than a threshold and tells where it is, as Seastar's stall detector does:
 * as a warning with the shard's stack, in {@link ShardStats#stalls}, and as JFR event {@code io.solaster.Stall}. It
 * reports again each time that the stall has become twice as long, and at its end.
 *
 * <p>
 * One daemon thread per engine, which must not be started by a shard, since it would inherit the shard's CPU. It looks at
 * each {@link Heartbeat} once per threshold, at the moment when a task may have reached it, and twice as often where it
 * has; where all shards sleep, it dozes until one wakes. Time that was lost to collections, to other threads on the
 * shard's CPU, to the hypervisor or to the watchdog's own delay is not charged to a shard: {@link StallWatch} says how. A
 * shard that waits for a file, a lock or a driver stalls.
 */
public final class StallWatchdog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(StallWatchdog.class);
    private static final long MIN_THRESHOLD = Duration.ofMillis(1).toNanos();
    /** So that a lower threshold takes effect soon, and so that sums of times stay within a long. */
    private static final long MAX_PERIOD = Duration.ofMillis(250).toNanos();
    /** It is the dearest of all readings, and old figures only put the first report off. */
    private static final long STEAL_READS_APART = Duration.ofSeconds(5).toNanos();
    private static final long DELAY_READS_APART_PER_SHARD = Duration.ofMillis(5).toNanos();
    private static final int QUIET_LOOKS = 4;
    /** Not for ever, since a shard that wakes at the very moment may not see that it is to wake the watchdog. */
    private static final long DOZE = Duration.ofMillis(250).toNanos();
    private static final long PATIENCE_MILLIS = 1000;

    private final List<StallWatch> watches = new CopyOnWriteArrayList<>();
    private final List<RunDelay> delays = new CopyOnWriteArrayList<>();
    private final LongSupplier clock;
    private final LongSupplier collectors;
    private final Supplier<StealTime> steal;
    private final Consumer<Stall> reports;
    private final RecentStalls recent;
    private volatile long threshold;
    private volatile boolean closed;
    private @Nullable Thread thread;

    private int quietLooks;
    private long before;
    private long wanted;
    private long collectorsBefore;
    private StealTime stealBefore;
    private long stealReadAt;

    StallWatchdog(Duration threshold, LongSupplier clock, LongSupplier collectors, InstantSource wallClock,
            Supplier<StealTime> steal, Consumer<Stall> reports) {
        this.clock = clock;
        this.collectors = collectors;
        this.steal = steal;
        this.recent = new RecentStalls(wallClock);
        this.reports = recent.andThen(reports);
        threshold(threshold);
        before = clock.getAsLong();
        wanted = before;
        collectorsBefore = collectors.getAsLong();
        stealBefore = steal.get();
        stealReadAt = before;
    }

    /**
     * Starts a watchdog that watches no shard yet. Not on a shard.
     *
     * @param engine the engine's name, a prefix of the thread's
     * @throws IllegalArgumentException if the threshold is below a millisecond
     */
    @Internal
    public static StallWatchdog start(String engine, StallConfig config, Environment environment) {
        LongSupplier clock = environment.clock()::nanoTime;
        StallReports reports = new StallReports(engine, config, clock);
        StallWatchdog watchdog = new StallWatchdog(config.threshold(), clock, new CollectorPauses(),
                environment.wallClock(), StealTime::read, reports);
        watchdog.thread = environment.threads().start(engine + "-watchdog", () -> watchdog.run(reports));
        return watchdog;
    }

    /**
     * Watches a shard until its thread ends. Any thread, after {@link ShardStats#begins}.
     *
     * @param shard the shard's number
     * @param carrier the shard's thread
     * @param cpu the CPU that it is bound to; -1 if none
     * @param mounted tells any thread which virtual thread the shard carries just now; null for none
     */
    @Internal
    public void watch(int shard, ShardStats stats, Thread carrier, int cpu, Supplier<@Nullable Thread> mounted) {
        // Its own, since how long ago the last reading was matters.
        RunDelay runDelay = RunDelay.of(stats.tid(), carrier);
        delays.add(runDelay);
        watch(new StallWatch(shard, stats, carrier, mounted, cpu, runDelay, runDelay::whileBusy));
    }

    void watch(StallWatch watch) {
        watches.add(watch);
    }

    /** The last few stalls of a shard with their stacks, latest first. Any thread. */
    public List<RecentStall> recent(int shard) {
        return recent.of(shard);
    }

    /** How long a task may take that is no stall. Any thread. */
    public Duration threshold() {
        return Duration.ofNanos(threshold);
    }

    /**
     * Changes how long a task may take, at the latest from a quarter of a second on. Any thread.
     *
     * @throws IllegalArgumentException if it is below a millisecond
     */
    public void threshold(Duration newThreshold) {
        if (newThreshold.compareTo(Duration.ofNanos(MIN_THRESHOLD)) < 0) {
            throw new IllegalArgumentException(
                    "a stall threshold of " + newThreshold + " is too short to be watched; give at least 1ms");
        }
        threshold = newThreshold.compareTo(Duration.ofDays(1)) > 0
                ? TimeUnit.DAYS.toNanos(1)
                : newThreshold.toNanos();
    }

    /**
     * Changes threshold and number of reports, at the latest from a quarter of a second on. Any thread.
     *
     * @throws IllegalArgumentException if the threshold is below a millisecond
     */
    @Internal
    public void reconfigure(StallConfig config) {
        threshold(config.threshold());
        if (reports instanceof StallReports told) {
            told.perMinute(config.reportsPerMinute());
        }
    }

    /** Ends the thread, and waits for it for at most a second. Any thread. */
    @Override
    public void close() {
        closed = true;
        Thread running = thread;
        if (running != null && !running.equals(Thread.currentThread())) {
            LockSupport.unpark(running);
            try {
                running.join(PATIENCE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        delays.forEach(RunDelay::close);
    }

    private void run(StallReports log) {
        while (!closed) {
            long wait;
            try {
                wait = look();
                log.tick(clock.getAsLong());
            } catch (RuntimeException | LinkageError e) {
                giveUp(e);
                return;
            }
            LockSupport.parkNanos(this, wait);
            // An interrupt would make every park return at once.
            Thread.interrupted();
        }
    }

    private static void giveUp(Throwable failure) {
        log.error("Stalls are no longer reported", failure);
    }

    /**
     * Looks at each shard once. The watchdog's thread only.
     *
     * @return how long to wait until the next look, in nanoseconds
     */
    long look() {
        long now = clock.getAsLong();
        long limit = threshold;
        long period = Math.min(limit / 2, MAX_PERIOD);
        // What a look took counts as lateness of the next one, since nobody looked meanwhile.
        long late = Math.max(0, now - wanted);
        long paused = collectors.getAsLong();
        if (now - stealReadAt >= STEAL_READS_APART) {
            stealBefore = steal.get();
            stealReadAt = now;
        }
        Look look = new Look(now, before, late, late > period / 2, limit, period, paused, collectorsBefore, stealBefore,
                steal, DELAY_READS_APART_PER_SHARD * watches.size());
        long wait = 2 * period;
        boolean ended = false;
        boolean asleep = true;
        for (StallWatch watch : watches) {
            if (watch.isAlive()) {
                wait = Math.min(wait, watch.look(look, reports));
                asleep &= watch.isAsleep();
            } else {
                ended = true;
            }
        }
        if (ended) {
            watches.removeIf(watch -> !watch.isAlive());
        }
        quietLooks = asleep ? quietLooks + 1 : 0;
        if (quietLooks >= QUIET_LOOKS && shardsWakeMe()) {
            wait = Math.max(wait, DOZE);
        }
        before = now;
        collectorsBefore = paused;
        wanted = now + wait;
        return wait;
    }

    private boolean shardsWakeMe() {
        boolean all = true;
        for (StallWatch watch : watches) {
            all &= watch.wakes(Thread.currentThread());
        }
        return all;
    }
}
