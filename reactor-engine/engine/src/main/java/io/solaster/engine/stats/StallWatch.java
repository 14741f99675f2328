package io.solaster.engine.stats;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.solaster.engine.stats.Stall.Phase;
import org.jspecify.annotations.Nullable;

/**
 * The watchdog's view of one shard. The watchdog's thread only.
 *
 * <p>
 * A task's time is charged to it stretch by stretch, from look to look, less what others took of the stretch: the
 * watchdog's own lateness, or collections together with the time that the thread was ready and its CPU did something
 * else, whichever is more (a pause delays both, so that the sum would count it twice). What was taken before the task
 * began is not known apart from what was taken since the figures were last read: it is all subtracted, since a report
 * too late does less harm than one that accuses the wrong.
 */
final class StallWatch {
    /** Looks are no closer than this, whatever is still to come. */
    private static final long MIN_WAIT = 500_000;

    private final int shard;
    private final ShardStats stats;
    private final Thread carrier;
    private final Supplier<@Nullable Thread> mounted;
    private final LongSupplier runDelay;
    private final LongSupplier runDelayWhileBusy;
    private final int cpu;

    private long mark;
    private long from;
    private long charged;
    private long reportAt;
    private boolean reported;
    private boolean asleep;
    private long owed;
    private long late;
    private long delayRead;
    private long delayReadAt;
    private long collectorsRead;
    private long stealRead;

    /**
     * Watches from here on.
     *
     * @param cpu the CPU that the shard is bound to; -1 if none
     * @param runDelay how long its thread has been ready and did not run, see {@link RunDelay}
     * @param runDelayWhileBusy the same where it has had work ever since the last reading
     */
    StallWatch(int shard, ShardStats stats, Thread carrier, Supplier<@Nullable Thread> mounted, int cpu,
            LongSupplier runDelay, LongSupplier runDelayWhileBusy) {
        this.shard = shard;
        this.stats = stats;
        this.carrier = carrier;
        this.mounted = mounted;
        this.runDelay = runDelay;
        this.runDelayWhileBusy = runDelayWhileBusy;
        this.cpu = cpu;
        this.delayRead = runDelay.getAsLong();
    }

    /** Whether the shard slept all the time between the last two looks. */
    boolean isAsleep() {
        return asleep;
    }

    /** Wakes the watchdog as soon as the shard wakes; false if that is so already. */
    boolean wakes(Thread watchdog) {
        stats.wakes(watchdog);
        return stats.heartbeat.mark() == mark;
    }

    /** Whether the shard's thread is still there. */
    boolean isAlive() {
        return carrier.isAlive();
    }

    /**
     * Looks once.
     *
     * @return how long the watchdog may wait until it looks again, in nanoseconds
     */
    long look(Look look, Consumer<Stall> reports) {
        long now = look.now();
        long seen = stats.heartbeat.mark();
        boolean another = seen != mark;
        asleep = !another && !Heartbeat.isBusy(seen);
        if (another) {
            end(Heartbeat.since(seen), reports);
            begin(seen, look);
        }
        // Files of the kernel are read seldom enough for the number of shards.
        boolean tooSoon = now - delayReadAt < look.delayReadsApart();
        if (!Heartbeat.isBusy(seen)) {
            if (another && !tooSoon) {
                readDelay(now, runDelay);
            }
            return 2 * look.period();
        }
        late += look.disturbed() ? now - Math.max(from, look.before()) : Math.min(look.late(), now - from);
        if (another && tooSoon && now - from < look.threshold()) {
            return Math.max(MIN_WAIT, look.threshold() - (now - from));
        }
        charge(look, another ? runDelay : runDelayWhileBusy);
        if (!reported) {
            reportAt = look.threshold();
        }
        if (charged >= reportAt) {
            long steal = look.steal().get().nanos(cpu);
            charged -= Math.min(charged, Math.max(0, steal - stealRead));
            stealRead = steal;
        }
        if (charged >= reportAt) {
            report(seen, reports);
        }
        // A task seen for the first time is next of interest when it may have reached the threshold.
        return Math.min(another ? 2 * look.period() : look.period(), Math.max(MIN_WAIT, reportAt - charged));
    }

    private void begin(long seen, Look look) {
        mark = seen;
        from = Heartbeat.since(seen);
        charged = 0;
        owed = 0;
        late = 0;
        collectorsRead = look.collectorsBefore();
        stealRead = look.stealBefore().nanos(cpu);
    }

    private void charge(Look look, LongSupplier delays) {
        long now = look.now();
        long stretch = Math.max(0, now - from);
        long others = owed + readDelay(now, delays) + look.collectors() - collectorsRead;
        charged += stretch - Math.min(stretch, Math.max(late, others));
        // Told late, it belongs to an earlier stretch; but what precedes the task is none of its own.
        owed = from == Heartbeat.since(mark) ? 0 : Math.max(0, others - stretch);
        from = now;
        late = 0;
        collectorsRead = look.collectors();
    }

    private long readDelay(long now, LongSupplier delays) {
        long before = delayRead;
        delayRead = delays.getAsLong();
        delayReadAt = now;
        return Math.max(0, delayRead - before);
    }

    private void report(long seen, Consumer<Stall> reports) {
        String group = stats.groupName();
        String stack = Stacks.of(carrier, mounted.get());
        if (stats.heartbeat.mark() != seen) {
            // The stack is that of whatever came after it.
            stack = null;
        }
        Phase phase = reported ? Phase.GOES_ON : Phase.BEGUN;
        if (!reported) {
            stats.stalls.increment();
        }
        reported = true;
        longest();
        reportAt = 2 * charged;
        reports.accept(new Stall(shard, group, charged, stack, phase));
    }

    /** @param at when something else began on the shard */
    private void end(long at, Consumer<Stall> reports) {
        if (reported) {
            reported = false;
            charged += Math.max(0, at - from);
            longest();
            reports.accept(new Stall(shard, null, charged, null, Phase.ENDED));
        }
    }

    private void longest() {
        stats.longestStallNanos.set(Math.max(stats.longestStallNanos.get(), charged));
    }
}
