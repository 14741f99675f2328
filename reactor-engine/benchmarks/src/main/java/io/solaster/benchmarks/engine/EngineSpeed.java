package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.util.Locale;

import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Suite;
import io.solaster.benchmarks.rig.Workplace;

/**
 * What the engine's parts cost, beside Netty and bare threads: every figure of the engine's table. Started by
 * {@code engine.sh}; the README says what each measure means.
 */
public final class EngineSpeed {
    private static final Suite SUITE = new Suite(Options.ENGINE_USAGE, 3, "taskset", "chrt")
            .with("mesh", EngineSpeed::mesh)
            .with("wakeup", EngineSpeed::wakeUp)
            .with("timers", EngineSpeed::timers)
            .with("threads", EngineSpeed::threads)
            .with("accounting", EngineSpeed::accounting)
            .with("shares", new GroupShares())
            .with("servers", new TwoServers())
            .with("writer", new BesideWriter())
            .with("idle", new IdleEngine());

    private EngineSpeed() {}

    public static void main(String[] args) {
        System.exit(SUITE.run(args));
    }

    private static String transport(Workplace workplace) {
        return "transport=" + workplace.options().transport().toUpperCase(Locale.ROOT);
    }

    private static void mesh(Workplace workplace, Report report) throws IOException {
        String transport = transport(workplace);
        Class<?> mesh = MeshBenchmark.class;
        JmhRounds rounds = new JmhRounds(workplace.options());
        JmhRounds.Figures future = rounds.add(mesh, "submitToAndAnswer", "idle=SPIN", transport);
        JmhRounds.Figures message = rounds.add(mesh, "roundTrip", "idle=SPIN", transport);
        JmhRounds.Figures netty = rounds.add(mesh, "nettySubmitAndAnswer", "idle=SPIN", transport);
        JmhRounds.Figures oneWay = rounds.add(mesh, "oneWayMessages", "idle=SPIN", transport);
        JmhRounds.Figures parkingFuture = rounds.add(mesh, "submitToAndAnswer", "idle=PARK", transport);
        JmhRounds.Figures parkingMessage = rounds.add(mesh, "roundTrip", "idle=PARK", transport);
        JmhRounds.Figures parkingNetty = rounds.add(mesh, "nettySubmitAndAnswer", "idle=PARK", transport);
        JmhRounds.Figures line = rounds.add(mesh, "cacheLineThereAndBack", "idle=SPIN", transport);
        JmhRounds.Figures futureAgain = rounds.add(mesh, "submitToAndAnswer", "idle=SPIN", transport);
        JmhRounds.Figures lineAgain = rounds.add(mesh, "cacheLineThereAndBack", "idle=SPIN", transport);
        JmhRounds.Figures messageAgain = rounds.add(mesh, "roundTrip", "idle=SPIN", transport);
        JmhRounds.Figures nettyAgain = rounds.add(mesh, "nettySubmitAndAnswer", "idle=SPIN", transport);
        JmhRounds.Figures oneWayAgain = rounds.add(mesh, "oneWayMessages", "idle=SPIN", transport);
        JmhRounds.Figures parkingFutureAgain = rounds.add(mesh, "submitToAndAnswer", "idle=PARK", transport);
        rounds.run();
        report.figure("one cache line to the other CPU and back", line.median(), " ns", line.noise(lineAgain));
        double noise = future.noise(futureAgain);
        report.atLeast("submitTo and reply, 64 outstanding, with a future", future.millions(), 4, " M/s", noise);
        report.atLeast("the same with a reusable message", message.millions(), 10, " M/s",
                message.noise(messageAgain));
        report.figure("Netty's EventLoop.submit, the same way", netty.millions(), " M/s", netty.noise(nettyAgain));
        report.atLeast("with a future, times Netty's", netty.ratio(future), 5, " x", netty.noise(nettyAgain));
        report.atLeast("with a reusable message, times Netty's", netty.ratio(message), 5, " x",
                netty.noise(nettyAgain));
        double parkingNoise = parkingFuture.noise(parkingFutureAgain);
        report.figure("shards that park: with a future", parkingFuture.millions(), " M/s", parkingNoise);
        report.figure("shards that park: with a reusable message", parkingMessage.millions(), " M/s", Double.NaN);
        report.figure("loops that park: Netty's EventLoop.submit", parkingNetty.millions(), " M/s", Double.NaN);
        report.figure("loops that park: with a future, times Netty's", parkingNetty.ratio(parkingFuture), " x",
                parkingNoise);
        report.atLeast("one-way messages, distinct", oneWay.millions(), 60, " M/s", oneWay.noise(oneWayAgain));
    }

    private static void wakeUp(Workplace workplace, Report report) throws IOException {
        String transport = transport(workplace);
        JmhRounds rounds = new JmhRounds(workplace.options());
        JmhRounds.Figures bare = rounds.add(EventFdBenchmark.class, "pingPong");
        JmhRounds.Figures future = rounds.add(MeshBenchmark.class, "oneSubmitToAndAnswer", "idle=PARK", "linger=0",
                transport);
        JmhRounds.Figures message = rounds.add(MeshBenchmark.class, "oneRoundTrip", "idle=PARK", "linger=0", transport);
        JmhRounds.Figures lingering = rounds.add(MeshBenchmark.class, "oneSubmitToAndAnswer", "idle=PARK", transport);
        JmhRounds.Figures bareAgain = rounds.add(EventFdBenchmark.class, "pingPong");
        rounds.run();
        double noise = bare.noise(bareAgain);
        report.figure("eventfd ping-pong of two bare threads", bare.median() / 1000, " µs", noise);
        report.figure("submitTo and reply, one outstanding, target asleep", future.median() / 1000, " µs", Double.NaN);
        report.atMost("the same, of the bare threads' time", future.ratio(bare), 1.15, " x", noise);
        report.atMost("with a reusable message, of the bare threads' time", message.ratio(bare), 1.15, " x", noise);
        report.figure("submitTo and reply, one outstanding, by default", lingering.median() / 1000, " µs", Double.NaN);
    }

    private static void timers(Workplace workplace, Report report) throws IOException {
        Class<?> timers = TimerBenchmark.class;
        JmhRounds rounds = new JmhRounds(workplace.options());
        JmhRounds.Figures same = rounds.add(timers, "same");
        JmhRounds.Figures random = rounds.add(timers, "random");
        JmhRounds.Figures sameNetty = rounds.add(timers, "sameNetty");
        JmhRounds.Figures randomNetty = rounds.add(timers, "randomNetty");
        JmhRounds.Figures clock = rounds.add(timers, "clockAlone");
        JmhRounds.Figures sameCoarse = rounds.add(timers, "sameCoarse");
        JmhRounds.Figures randomCoarse = rounds.add(timers, "randomCoarse");
        JmhRounds.Figures sameAgain = rounds.add(timers, "same");
        JmhRounds.Figures randomAgain = rounds.add(timers, "random");
        rounds.run();
        double noise = same.noise(sameAgain);
        double randomNoise = random.noise(randomAgain);
        report.atMost("arm and cancel the same timer, 1 M armed", same.median(), 25, " ns", noise);
        report.atMost("cancel and arm a random one of 1 M", random.median(), 100, " ns", randomNoise);
        report.figure("the same timer, coarse", sameCoarse.median(), " ns", Double.NaN);
        report.figure("a random one, coarse", randomCoarse.median(), " ns", Double.NaN);
        report.figure("reading the clock, which a timer that is not coarse does", clock.median(), " ns", Double.NaN);
        report.atMost("the same timer, of Netty's schedule and cancel (" + Statistics.digits(sameNetty.median())
                + " ns)", same.ratio(sameNetty), 0.25, " x", noise);
        report.atMost("a random one, of Netty's (" + Statistics.digits(randomNetty.median()) + " ns)",
                random.ratio(randomNetty), 0.25, " x", randomNoise);
    }

    private static void threads(Workplace workplace, Report report) throws IOException {
        String transport = transport(workplace);
        JmhRounds rounds = new JmhRounds(workplace.options());
        JmhRounds.Figures park = rounds.add(VirtualThreadBenchmark.class, "parkAndUnpark", transport);
        JmhRounds.Figures hop = rounds.add(VirtualThreadBenchmark.class, "executeHop", transport);
        JmhRounds.Figures parkAgain = rounds.add(VirtualThreadBenchmark.class, "parkAndUnpark", transport);
        rounds.run();
        report.atMost("virtual thread, park and unpark on a shard", park.median(), 350, " ns", park.noise(parkAgain));
        report.figure("a task of the loop that queues the next", hop.median(), " ns", Double.NaN);
    }

    private static void accounting(Workplace workplace, Report report) throws IOException {
        Class<?> accounting = AccountingBenchmark.class;
        JmhRounds rounds = new JmhRounds(workplace.options());
        JmhRounds.Figures alone = rounds.add(accounting, "taskTimedAlone");
        JmhRounds.Figures withOthers = rounds.add(accounting, "taskTimedWithOthers");
        JmhRounds.Figures turn = rounds.add(accounting, "turn");
        JmhRounds.Figures turnWithoutClock = rounds.add(accounting, "turnWithoutClock");
        JmhRounds.Figures scheduledTask = rounds.add(accounting, "scheduledTask");
        JmhRounds.Figures queuedTask = rounds.add(accounting, "queuedTask");
        JmhRounds.Figures scheduledTurn = rounds.add(accounting, "scheduledTurn");
        JmhRounds.Figures queuedTurn = rounds.add(accounting, "queuedTurn");
        JmhRounds.Figures aloneAgain = rounds.add(accounting, "taskTimedAlone");
        JmhRounds.Figures turnAgain = rounds.add(accounting, "turn");
        rounds.run();
        double noise = alone.noise(aloneAgain);
        double turnNoise = turn.noise(turnAgain);
        report.atMost("accounting per task that is timed alone, its reading of the clock included", alone.median(), 25,
                " ns", noise);
        report.atMost("accounting per task, 16 short ones timed at once", withOthers.median(), 25, " ns", noise);
        report.atMost("accounting per turn of the loop with one group, its reading of the clock included",
                turn.median(), 60, " ns", turnNoise);
        report.figure("the same without the clock", turnWithoutClock.median(), " ns", turnNoise);
        report.figure("scheduler and accounting together, per task above a bare queue",
                scheduledTask.above(queuedTask), " ns", Double.NaN);
        report.figure("scheduler and accounting together, per turn of one task above a bare queue",
                scheduledTurn.above(queuedTurn), " ns", Double.NaN);
    }
}
