package io.solaster.testkit.sim;

import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

import io.solaster.engine.env.Environment;
import io.solaster.engine.env.Threads;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.file.Disk;
import io.solaster.engine.file.OffShard;
import io.solaster.testkit.sim.disk.Delays;
import io.solaster.testkit.sim.disk.SimDisk;
import org.jspecify.annotations.Nullable;

/** What one machine has of time, chance and threads. By whoever holds the baton. */
final class SimEnvironment implements Environment {
    private static final Instant BEGINNING = Instant.parse("2030-01-01T00:00:00Z");
    /** One branch in so many is taken for once. */
    private static final int SELDOM = 32;
    /** At one branch in so many the thread loses its turn, as a kernel takes it away anywhere. */
    private static final int PREEMPTED = 8;
    /** In so many runs one a limit is small. */
    private static final int SMALL = 4;
    private static final int SMALLEST = 8;

    private final Scheduler scheduler;
    private final SplittableRandom random;
    private final SimThreads threads;
    private final TimeSource clock = this::nanoTime;
    private final Map<String, Integer> limits = new LinkedHashMap<>();
    private final boolean chance;
    private long offset;
    /** Parts of a million that the clock goes too fast. */
    private long drift;
    private long driftsSince;
    private final @Nullable Life life;

    /** @param chance whether rare branches are taken and limits made small */
    SimEnvironment(Scheduler scheduler, @Nullable Life life, boolean chance) {
        this.scheduler = scheduler;
        this.random = scheduler.random().split();
        this.threads = new SimThreads(scheduler, life);
        this.chance = chance;
        this.life = life;
        this.drift = life == null ? 0 : life.machine.drift;
        // No two machines began to count at the same moment.
        this.offset = random.nextLong(1L << 40);
    }

    private long nanoTime() {
        long now = scheduler.read();
        return offset + now + drifted(now);
    }

    private long drifted(long now) {
        return (now - driftsSince) * drift / 1_000_000;
    }

    /** From now on the machine's clock is so many parts of a million too fast. */
    void drift(long partsPerMillion) {
        long now = scheduler.now();
        offset += drifted(now);
        driftsSince = now;
        drift = partsPerMillion;
    }

    /** When the machine's clock has gone on by so much, by the simulation's. */
    long until(long nanos) {
        if (nanos == Long.MAX_VALUE) {
            return Participant.NEVER;
        }
        long now = scheduler.now();
        return now + Math.max(1, drift == 0 ? nanos : nanos * 1_000_000 / (1_000_000 + drift) + 1);
    }

    @Override
    public TimeSource clock() {
        return clock;
    }

    @Override
    public InstantSource wallClock() {
        return () -> BEGINNING
                .plusNanos(scheduler.read() + drifted(scheduler.now()) + (life == null ? 0 : life.machine.wallOffset));
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    /** As foreseeable as all chance here. */
    @Override
    public RandomGenerator secrets() {
        return random;
    }

    /** The machine's disk; a disk of its own where it is none's. */
    @Override
    public Disk files(OffShard offShard) {
        return life == null ? newDisk(scheduler) : life.machine.disk();
    }

    /** A disk by the simulation's clock, drawn from its seed. */
    static SimDisk newDisk(Scheduler scheduler) {
        return new SimDisk(scheduler.random().split(), new Delays() {
            @Override
            public long nanoTime() {
                return scheduler.now();
            }

            @Override
            public void after(long nanos, Runnable task) {
                scheduler.callAt(scheduler.now() + nanos, task);
            }
        });
    }

    @Override
    public Threads threads() {
        return threads;
    }

    @Override
    public boolean sometimes(String name) {
        if (!chance) {
            return false;
        }
        if (random.nextInt(PREEMPTED) == 0) {
            scheduler.preempt();
        }
        boolean taken = random.nextInt(SELDOM) == 0;
        if (taken) {
            scheduler.trace().add(Trace.Kind.NOTE, name.hashCode(), name, scheduler.now(), 0);
        }
        return taken;
    }

    @Override
    public int limit(String name, int usual) {
        return limits.computeIfAbsent(name, asked -> chance && usual > 1 && random.nextInt(SMALL) == 0
                ? 1 + random.nextInt(Math.min(usual, SMALLEST))
                : usual);
    }

    @Override
    public String toString() {
        return "simulated";
    }
}
