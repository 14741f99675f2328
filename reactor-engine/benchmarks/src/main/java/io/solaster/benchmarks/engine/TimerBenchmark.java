package io.solaster.benchmarks.engine;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time to arm and cancel a timer while a million others are armed, beside Netty's own schedule and cancel, all on one
 * thread as if it were the loop's. "Same" is one timer over and over, "random" cancels one of the million and arms it
 * anew. The clock's part is measured by itself: a precise timer reads it, a coarse one does not.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = {"-Xms1g", "-Xmx1g", "--sun-misc-unsafe-memory-access=allow"})
public class TimerBenchmark {
    private static final int ARMED = 1 << 20;

    private static void nothing() {}

    private static Timers newTimers() {
        SchedulingGroup group = new SchedulingGroups(Map.of()).byDefault();
        return new Timers(TimeSource.SYSTEM, () -> group, timer -> {});
    }

    /** Between half a minute and a minute, as idle connections have. */
    private static long delayOf(long random) {
        return 30_000_000_000L + (random * 0x9E3779B97F4A7C15L >>> 29);
    }

    /** A thread's own random numbers. */
    @State(Scope.Thread)
    public static class Chance {
        private long state = 1;

        long next() {
            return (state = state * 6364136223846793005L + 1442695040888963407L) >>> 20;
        }

        int index(long random) {
            return (int) (random >>> 20) & ARMED - 1;
        }
    }

    /** A million timers of ours. */
    @State(Scope.Thread)
    public static class Wheel {
        private final Timers timers = newTimers();
        private final Timer[] precise = new Timer[ARMED];
        private final Timer one = timers.timer(TimerBenchmark::nothing);
        private final Timer coarse = timers.coarseTimer(TimerBenchmark::nothing);

        @Setup(Level.Trial)
        public void arm() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < ARMED; i++) {
                precise[i] = timers.timer(TimerBenchmark::nothing);
                precise[i].arm(delayOf(random.nextLong()));
            }
        }
    }

    /** A million coarse timers of ours. */
    @State(Scope.Thread)
    public static class CoarseWheel {
        private final Timers timers = newTimers();
        private final Timer[] coarse = new Timer[ARMED];

        @Setup(Level.Trial)
        public void arm() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < ARMED; i++) {
                coarse[i] = timers.coarseTimer(TimerBenchmark::nothing);
                coarse[i].arm(delayOf(random.nextLong()));
            }
        }
    }

    /** A million of Netty's, in Netty's own queue or by the same calls on our wheel. */
    @State(Scope.Thread)
    public static class Scheduled {
        private final Timers timers = newTimers();
        private final OwnThread loop = new OwnThread();

        ScheduledFuture<?> onWheel(long delayNanos) {
            return timers.schedule(loop, TimerBenchmark::nothing, delayNanos, TimeUnit.NANOSECONDS);
        }

        ScheduledFuture<?> onNetty(long delayNanos) {
            return loop.schedule(TimerBenchmark::nothing, delayNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** A million by Netty's calls on our wheel. */
    @State(Scope.Thread)
    public static class ScheduledOnWheel extends Scheduled {
        private final ScheduledFuture<?>[] armed = new ScheduledFuture<?>[ARMED];

        @Setup(Level.Trial)
        public void arm() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < ARMED; i++) {
                armed[i] = onWheel(delayOf(random.nextLong()));
            }
        }
    }

    /** A million in Netty's own queue. */
    @State(Scope.Thread)
    public static class ScheduledOnNetty extends Scheduled {
        private final ScheduledFuture<?>[] armed = new ScheduledFuture<?>[ARMED];

        @Setup(Level.Trial)
        public void arm() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < ARMED; i++) {
                armed[i] = onNetty(delayOf(random.nextLong()));
            }
        }
    }

    @Benchmark
    public long clockAlone() {
        return System.nanoTime();
    }

    @Benchmark
    public boolean same(Wheel wheel) {
        wheel.one.arm(40_000_000_000L);
        return wheel.one.cancel();
    }

    @Benchmark
    public boolean sameCoarse(Wheel wheel) {
        wheel.coarse.arm(40_000_000_000L);
        return wheel.coarse.cancel();
    }

    @Benchmark
    public boolean random(Wheel wheel, Chance chance) {
        long random = chance.next();
        Timer timer = wheel.precise[chance.index(random)];
        boolean was = timer.cancel();
        timer.arm(delayOf(random));
        return was;
    }

    /** As idle connections do: the same delay for all, counted from now. */
    @Benchmark
    public boolean randomSameDelay(Wheel wheel, Chance chance) {
        Timer timer = wheel.precise[chance.index(chance.next())];
        boolean was = timer.cancel();
        timer.arm(70_000_000_000L);
        return was;
    }

    /** The same for coarse timers. */
    @Benchmark
    public boolean randomSameDelayCoarse(CoarseWheel wheel, Chance chance) {
        Timer timer = wheel.coarse[chance.index(chance.next())];
        boolean was = timer.cancel();
        timer.arm(70_000_000_000L);
        return was;
    }

    /** What it costs to read the clock and touch one of a million timers: no timer can do with less here. */
    @Benchmark
    public long randomTouch(Wheel wheel, Chance chance) {
        return wheel.precise[chance.index(chance.next())].isArmed() ? System.nanoTime() : 0;
    }

    @Benchmark
    public boolean randomCoarse(CoarseWheel wheel, Chance chance) {
        long random = chance.next();
        Timer timer = wheel.coarse[chance.index(random)];
        boolean was = timer.cancel();
        timer.arm(delayOf(random));
        return was;
    }

    @Benchmark
    public boolean sameScheduled(ScheduledOnWheel wheel) {
        return wheel.onWheel(40_000_000_000L).cancel(false);
    }

    @Benchmark
    public boolean randomScheduled(ScheduledOnWheel wheel, Chance chance) {
        long random = chance.next();
        int index = chance.index(random);
        boolean was = wheel.armed[index].cancel(false);
        wheel.armed[index] = wheel.onWheel(delayOf(random));
        return was;
    }

    @Benchmark
    public boolean sameNetty(ScheduledOnNetty netty) {
        return netty.onNetty(40_000_000_000L).cancel(false);
    }

    @Benchmark
    public boolean randomNetty(ScheduledOnNetty netty, Chance chance) {
        long random = chance.next();
        int index = chance.index(random);
        boolean was = netty.armed[index].cancel(false);
        netty.armed[index] = netty.onNetty(delayOf(random));
        return was;
    }

    /** Netty's queue of timers on the calling thread. */
    private static final class OwnThread extends AbstractScheduledEventExecutor {
        @Override
        public boolean inEventLoop(Thread thread) {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
            return terminationFuture();
        }

        @Override
        public Future<?> terminationFuture() {
            return new DefaultPromise<>(this);
        }

        @Override
        @Deprecated
        public void shutdown() {}

        @Override
        public boolean isShuttingDown() {
            return false;
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return false;
        }
    }
}
