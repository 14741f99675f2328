package io.solaster.load;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.plan.ShardPlan;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.load.protocol.Call;
import io.solaster.load.protocol.Target;
import io.solaster.load.run.RunPlan;
import io.solaster.load.run.TimerSlack;
import io.solaster.load.schedule.Schedule;
import org.jspecify.annotations.Nullable;

/**
 * A load, and how to offer it. Immutable: each method that sets something gives another one.
 *
 * {@snippet :
 * LoadReport report = Load.of("redis://localhost:6380").poisson(50_000).lasting(Duration.ofSeconds(30)).run();
 * report.assertP99(Duration.ofMillis(2));
 * }
 *
 * <p>
 * Requests become due by a schedule that knows nothing of answers, and each is measured from when it was due: a server that
 * stands still is charged for everything that was due meanwhile. What is answered by an error, never, or found no room to
 * be sent counts as slower than anything that was answered. Any thread that is no shard.
 */
public final class Load {
    private static final int MOST_CONNECTIONS = 60_000;
    private static final int MOST_OUTSTANDING = 10_000_000;
    private static final int MOST_SHARDS = 1024;

    private final @Nullable Target target;
    private final @Nullable Call call;
    private Schedule schedule = Schedule.constant(1000);
    private int connections = 16;
    private int shards = 1;
    private int outstanding = 65_536;
    private Duration timeout = Duration.ofSeconds(5);
    private Duration warmUp = Duration.ZERO;
    private Duration length = Duration.ofSeconds(10);
    private Duration interval = Duration.ofSeconds(1);
    private int steps = 1;
    private Duration expected = Duration.ZERO;
    private int reconnects = 10;
    private long seed = 1;
    private boolean spins;
    private @Nullable Engine engine;

    private Load(@Nullable Target target, @Nullable Call call) {
        this.target = target;
        this.call = call;
    }

    /**
     * A load on a server.
     *
     * @param url such as {@code redis://localhost:6379}, {@code http://localhost:8080/hello}, {@code h2://…} or
     *            {@code ws://…}
     * @throws IllegalArgumentException if it names nothing that can be loaded, saying what to give
     */
    public static Load of(String url) {
        return of(Target.of(url));
    }

    /** A load on a server, with a protocol's settings. */
    public static Load of(Target target) {
        return new Load(target, null);
    }

    /** A load of calls: each request is one, made on a shard. Connections are none of the load's then. */
    public static Load of(Call call) {
        return new Load(null, call);
    }

    private Load copy() {
        Load copy = new Load(target, call);
        copy.schedule = schedule;
        copy.connections = connections;
        copy.shards = shards;
        copy.outstanding = outstanding;
        copy.timeout = timeout;
        copy.warmUp = warmUp;
        copy.length = length;
        copy.interval = interval;
        copy.steps = steps;
        copy.expected = expected;
        copy.reconnects = reconnects;
        copy.seed = seed;
        copy.spins = spins;
        copy.engine = engine;
        return copy;
    }

    /** So many requests a second, at even gaps. At first 1,000. */
    public Load rate(double perSecond) {
        return schedule(Schedule.constant(perSecond));
    }

    /** So many requests a second, as from many independent users. */
    public Load poisson(double perSecond) {
        return schedule(Schedule.poisson(perSecond));
    }

    /** By a schedule. */
    public Load schedule(Schedule newSchedule) {
        Load copy = copy();
        copy.schedule = newSchedule;
        return copy;
    }

    /** When requests are due. */
    public Schedule schedule() {
        return schedule;
    }

    /** On so many connections, divided among the shards. At first 16. */
    public Load connections(int newConnections) {
        Load copy = copy();
        copy.connections = within("connections", newConnections, 1, MOST_CONNECTIONS);
        return copy;
    }

    /** By so many shards, each a thread. At first 1. */
    public Load shards(int newShards) {
        Load copy = copy();
        copy.shards = within("shards", newShards, 1, MOST_SHARDS);
        return copy;
    }

    /** On the shards of an engine that is there already, and stays. */
    public Load on(Engine newEngine) {
        Load copy = copy();
        copy.engine = newEngine;
        return copy;
    }

    /** With shards that never sleep: less late, and each takes a CPU for itself. */
    public Load spinning(boolean newSpins) {
        Load copy = copy();
        copy.spins = newSpins;
        return copy;
    }

    /**
     * So many requests may be under way or wait for a connection; what is due beyond is dropped, and counted as such. At
     * first 65,536.
     */
    public Load outstanding(int newOutstanding) {
        Load copy = copy();
        copy.outstanding = within("outstanding", newOutstanding, 1, MOST_OUTSTANDING);
        return copy;
    }

    /** Gives a request up after so long, and its connection with it. At first 5 s. */
    public Load timeout(Duration newTimeout) {
        Load copy = copy();
        copy.timeout = positive("timeout", newTimeout);
        return copy;
    }

    /** First offers the load for so long without recording it. At first not at all. */
    public Load warmUp(Duration newWarmUp) {
        Load copy = copy();
        if (newWarmUp.isNegative()) {
            throw new IllegalArgumentException("a warm-up of " + newWarmUp + "; give 0 or more");
        }
        copy.warmUp = newWarmUp;
        return copy;
    }

    /** For so long, or as long as the schedule where that is shorter. At first 10 s. */
    public Load lasting(Duration newLength) {
        Load copy = copy();
        copy.length = positive("length", newLength);
        return copy;
    }

    /** How long it lasts. */
    public Duration length() {
        Duration scheduled = schedule.length().minus(warmUp);
        Duration shorter = scheduled.compareTo(length) < 0 ? scheduled : length;
        return positive("length behind the warm-up", shorter);
    }

    /** With figures over time in steps of so long; 100 ms at least. At first 1 s. */
    public Load interval(Duration newInterval) {
        Load copy = copy();
        if (newInterval.toMillis() < 100) {
            throw new IllegalArgumentException("an interval of " + newInterval + "; give 100 ms or more");
        }
        copy.interval = newInterval;
        return copy;
    }

    /**
     * What the schedule says becomes due is a session of so many requests, each of which is sent when the one before is
     * answered. It counts from when it would be due if that took as long as expected.
     */
    public Load sessions(int requests, Duration expectedAfter) {
        Load copy = copy();
        copy.steps = within("requests of a session", requests, 1, 1_000_000);
        if (expectedAfter.isNegative()) {
            throw new IllegalArgumentException("answers expected after " + expectedAfter + "; give 0 or more");
        }
        copy.expected = expectedAfter;
        return copy;
    }

    /** Tries a connection so often in a row, and then gives it up. At first 10 times. */
    public Load reconnects(int newReconnects) {
        Load copy = copy();
        copy.reconnects = within("reconnects", newReconnects, 0, Integer.MAX_VALUE);
        return copy;
    }

    /** Draws chance from another seed. */
    public Load seed(long newSeed) {
        Load copy = copy();
        copy.seed = newSeed;
        return copy;
    }

    private static int within(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + ": " + value + "; give " + least + " to " + most);
        }
        return value;
    }

    private static Duration positive(String what, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(what + ": " + value + "; give more than 0");
        }
        return value;
    }

    /**
     * Connects and begins.
     *
     * @throws IOException if there is no connection at all, saying why
     */
    public LoadRun start() throws IOException {
        Shard.refuseToBlock("starting a load", "start it on another thread");
        RunPlan plan = plan();
        Engine given = engine;
        return given != null ? LoadRun.start(given, false, plan) : LoadRun.start(startEngine(), true, plan);
    }

    private Engine startEngine() {
        Engine started = Engine.start(engineConfig(), ShardPlan.Work.CLIENTS);
        started.shards().forEach(shard -> shard.execute(TimerSlack::none));
        return started;
    }

    /**
     * That what was set fits together; {@link #start} looks too.
     *
     * @throws IllegalArgumentException naming what does not
     */
    public void check() {
        plan();
    }

    private RunPlan plan() {
        int on = engine == null ? shards : engine.shards().size();
        if (target != null && connections < on) {
            throw new IllegalArgumentException(
                    "connections: " + connections + " on " + on + " shards; give each of them one at least");
        }
        if (steps > 1 && !schedule.recorded().isEmpty()) {
            throw new IllegalArgumentException("recorded requests have no sessions; take the sessions out");
        }
        if (call != null && !schedule.recorded().isEmpty()) {
            throw new IllegalArgumentException("calls cannot send recorded requests; record the times alone");
        }
        if (call != null && schedule.isClosed()) {
            throw new IllegalArgumentException("calls have no closed loop; give a rate");
        }
        return new RunPlan(target, call, schedule, connections, outstanding, timeout, warmUp, length(), interval, steps,
                expected, reconnects, seed);
    }

    private EngineConfig engineConfig() {
        EngineConfig config = EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER);
        IdleConfig idle = spins
                ? new IdleConfig(IdleConfig.Policy.SPIN, Duration.ofDays(1), Duration.ZERO)
                : new IdleConfig(IdleConfig.Policy.PARK, Duration.ZERO, Duration.ZERO);
        StallConfig stalls = new StallConfig(false, Duration.ofMillis(25), 0, Duration.ZERO);
        return new EngineConfig(config.shards(), config.smt(), config.pinning(), config.housekeeping(),
                config.transport(), idle, config.taskQuota(), config.mesh(), config.offload(),
                config.files(), config.memory(), config.checks(),
                Duration.ZERO, config.groups(), stalls);
    }

    /**
     * Connects, offers the load, and waits for its end. If the thread is interrupted the run ends early, and the report
     * says so.
     *
     * @throws IOException if there is no connection at all, saying why
     */
    public LoadReport run() throws IOException {
        return start().report();
    }

    /**
     * The same load twice, in turns: what the two differ by is what this machine cannot tell from noise.
     *
     * @param turns of each; the length is divided among them
     * @throws IOException as {@link #run}
     * @throws IllegalArgumentException if there are several turns, and a schedule that changes with time
     */
    public LoadComparison twice(int turns) throws IOException {
        return beside(this, turns);
    }

    /** A turn is a part of the length: of a schedule that changes with time each would offer the beginning, again and again. */
    private void divides(int turns) {
        if (turns > 1 && !schedule.isConstant() && !schedule.isClosed()) {
            throw new IllegalArgumentException("'" + schedule.describe() + "' changes with time, so that " + turns
                    + " turns would each offer its beginning; give a constant rate, or 1 turn");
        }
    }

    /**
     * This load and another one, in turns, each as often the first.
     *
     * @param turns of each; the length is divided among them
     * @throws IOException as {@link #run}
     * @throws IllegalArgumentException if there are several turns, and a schedule that changes with time
     */
    public LoadComparison beside(Load other, int turns) throws IOException {
        within("turns", turns, 1, 1000);
        divides(turns);
        other.divides(turns);
        Load here = lasting(length().dividedBy(turns));
        Load there = other.lasting(other.length().dividedBy(turns));
        List<LoadReport> ours = new ArrayList<>();
        List<LoadReport> theirs = new ArrayList<>();
        for (int i = 0; i < 2 * turns && !Thread.currentThread().isInterrupted(); i++) {
            // Ours first, theirs twice, ours twice, and so on.
            if ((i + 1) / 2 % 2 == 0) {
                ours.add(here.run());
            } else {
                theirs.add(there.run());
            }
        }
        if (theirs.isEmpty()) {
            throw new IOException("stopped before both had a turn, so there is nothing to compare");
        }
        return new LoadComparison(LoadReport.oneAfterTheOther(ours), LoadReport.oneAfterTheOther(theirs));
    }

    /**
     * Looks for the highest rate that keeps a goal, beginning with this load's: doubles or halves it until the answer
     * changes, then halves the distance down to a twentieth. A rate that fails is tried once more, so that one hiccup of
     * the machine does not decide.
     *
     * @param probe how long each rate is offered
     * @throws IOException as {@link #run}
     * @throws IllegalArgumentException if this load has no one rate to begin with
     */
    public HighestRate highestRate(Slo slo, Duration probe) throws IOException {
        if (!schedule.isConstant()) {
            throw new IllegalArgumentException(
                    "'" + schedule.describe() + "' has no one rate to begin with; give a constant rate");
        }
        double first = schedule.perSecond(Duration.ZERO, probe);
        List<HighestRate.Probe> probes = new ArrayList<>();
        AtomicReference<@Nullable LoadReport> best = new AtomicReference<>();
        double found = RateSearch.highest(first, rate -> {
            LoadReport report = schedule(schedule.faster(rate / first)).lasting(probe).run();
            // The little that a probe has offered before it was stopped proves nothing.
            boolean kept = slo.isKeptBy(report) && !report.setup().isStopped();
            probes.add(new HighestRate.Probe(rate, report.nanosAt(slo.percentile()), kept,
                    report.invalid().orElse("")));
            if (kept) {
                best.set(report);
            }
            return kept;
        });
        return new HighestRate(slo, found, best.get(), probes);
    }

    @Override
    public String toString() {
        return "Load of " + schedule.describe() + " on " + Objects.requireNonNullElse(target, "calls");
    }
}
