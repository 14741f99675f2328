package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

import io.solaster.engine.Engine;
import io.solaster.engine.env.Environment;
import io.solaster.testkit.chaos.Chaos;
import org.jspecify.annotations.Nullable;

/**
 * A simulated cluster, and the clock by which it goes. The code that {@link #run} is given is one of the threads of which
 * one runs at a time: it makes machines, waits, and does harm. What waits without this class, the engine's futures or the
 * environment's threads holds everything up.
 */
public final class Simulation {
    private static final Duration PATIENCE = Duration.ofHours(1);
    private static final Duration LOOKS_APART = Duration.ofMillis(1);
    private static final int LINES = 40;
    /** So that one that never ends is told from one that is long. */
    private static final long MOST_STEPS = 1L << 34;

    private final long seed;
    private final Scheduler scheduler;
    private final List<Machine> machines = new ArrayList<>();
    private final Network network;
    private final SimEnvironment environment;
    private final boolean chance;
    private final FaultSchedule faults;

    /** What a simulation does. */
    @FunctionalInterface
    public interface Body {
        /**
         * Does it, on the thread that called {@link Simulation#run}.
         *
         * @throws Exception to fail the simulation
         */
        void run(Simulation sim) throws Exception;
    }

    /**
     * What came of a simulation.
     *
     * @param seed what it was drawn from
     * @param hash of all that happened, in its order: the same for the same seed
     * @param turns of shards
     * @param switches times that a thread was given its turn
     * @param simulated how long it took by its own clock
     */
    public record Result(long seed, long hash, long turns, long switches, Duration simulated) {}

    /**
     * What {@link #explore} has done.
     *
     * @param seeds how many did not fail
     * @param simulated how long all of them took by their own clocks
     */
    public record Explored(int seeds, Duration simulated) {}

    private Simulation(long seed, boolean chance, @Nullable Set<Integer> only) {
        this.seed = seed;
        this.chance = chance;
        this.scheduler = new Scheduler(seed, MOST_STEPS);
        this.network = new Network(scheduler, machines);
        this.environment = new SimEnvironment(scheduler, null, chance);
        this.faults = new FaultSchedule(this, only);
    }

    /**
     * Runs a simulation to its end, on the calling thread, which must not be one of a simulation. All engines that its
     * machines still run are stopped at its end.
     *
     * @throws SimulationFailure if it fails, with the seed that it fails with
     */
    public static Result run(long seed, Body body) {
        return run(seed, true, body);
    }

    /**
     * As {@link #run(long, Body)}.
     *
     * @param chance whether rare branches are taken and limits made small; without, only the order of events, the delays
     *            of the network and what the environment draws go by the seed
     */
    public static Result run(long seed, boolean chance, Body body) {
        if (Participant.current() != null) {
            throw new IllegalStateException("a simulation within a simulation; run one after the other");
        }
        try {
            return new Simulation(seed, chance, null).run(body);
        } catch (SimulationFailure failure) {
            throw failure.faults().size() > 1 ? fewer(seed, chance, failure, body) : failure;
        }
    }

    /**
     * Runs a simulation as {@link #run(long, boolean, Body)} does, but with some of the faults that {@link #faults} draws, as
     * a failure of that has printed it.
     *
     * @param only the numbers of the faults
     */
    public static Result replay(long seed, boolean chance, Set<Integer> only, Body body) {
        return new Simulation(seed, chance, only).run(body);
    }

    /** Leaves out one fault after the other, as long as what is left fails in the same way. */
    private static SimulationFailure fewer(long seed, boolean chance, SimulationFailure failure, Body body) {
        SimulationFailure smallest = failure;
        for (int fault : failure.faults().keySet()) {
            Set<Integer> rest = new TreeSet<>(smallest.faults().keySet());
            if (rest.remove(fault)) {
                try {
                    replay(seed, chance, rest, body);
                } catch (SimulationFailure again) {
                    smallest = again.isLike(failure) ? again : smallest;
                }
            }
        }
        return smallest;
    }

    /**
     * Runs simulations with one seed after the other for a while of real time.
     *
     * @throws SimulationFailure of the first seed that fails
     */
    public static Explored explore(long firstSeed, Duration realTime, Body body) {
        long end = System.nanoTime() + realTime.toNanos();
        int count = 0;
        Duration simulated = Duration.ZERO;
        do {
            simulated = simulated.plus(run(firstSeed + count++, body).simulated());
        } while (System.nanoTime() - end < 0);
        return new Explored(count, simulated);
    }

    private Result run(Body body) {
        Participant self = scheduler.add(null, "test");
        self.runsOn(Thread.currentThread());
        scheduler.begin(self);
        Throwable failure = null;
        try {
            body.run(this);
            scheduler.endIfFailed(self);
        } catch (Scheduler.Ended ended) {
            failure = scheduler.failure();
        } catch (Throwable thrown) {
            failure = thrown;
            Throwable first = scheduler.failure();
            if (first != null && !first.equals(thrown) && !(thrown instanceof Scheduler.Ended)) {
                failure.addSuppressed(first);
            }
        }
        Result result = new Result(seed, scheduler.trace().hash(), scheduler.turns(), scheduler.steps(),
                Duration.ofNanos(scheduler.now()));
        List<String> last = failure == null ? List.of() : scheduler.trace().last(LINES);
        String stood = failure == null ? "" : scheduler.waiting();
        try {
            if (!(failure instanceof Scheduler.Hangs)) {
                takeDown();
            }
        } catch (RuntimeException | Error e) {
            if (failure == null) {
                failure = e;
            } else {
                failure.addSuppressed(e);
            }
        } finally {
            Participant.leave();
        }
        if (failure != null) {
            throw new SimulationFailure(result, chance, failure, last, stood, faults.taken());
        }
        return result;
    }

    private void takeDown() {
        scheduler.end();
        for (Machine machine : machines) {
            for (Life each : machine.lives()) {
                boolean stood = each.standsStill();
                each.over = false;
                each.frozen = false;
                if (stood) {
                    scheduler.giveBack(each);
                }
            }
        }
        // A disk that has lost its power answers nobody, and an engine waits for what it has asked.
        machines.forEach(machine -> machine.disk().close());
        for (Machine machine : machines) {
            for (Life each : machine.lives()) {
                Engine engine = each.engine;
                if (engine != null) {
                    engine.close();
                }
            }
        }
        // Whoever was under way when its machine ended holds memory.
        machines.forEach(machine -> machine.disk().close());
        scheduler.interruptAll();
    }

    /** The seed of this simulation. */
    public long seed() {
        return seed;
    }

    /** Makes a machine, which is down as yet. */
    public Machine machine(String name) {
        Machine machine = new Machine(scheduler, network, machines.size() + 1, name, chance);
        machines.add(machine);
        return machine;
    }

    /** The machines in the order of their making. */
    public List<Machine> machines() {
        return List.copyOf(machines);
    }

    /** The network between them. */
    public Network network() {
        return network;
    }

    /** Time, chance and threads for what runs on no machine, a model of something say. */
    public Environment environment() {
        return environment;
    }

    /** Chance for the test: drawn from the seed. */
    public RandomGenerator random() {
        return environment.random();
    }

    /** How long the simulation has gone on, by its own clock. */
    public Duration now() {
        return Duration.ofNanos(scheduler.now());
    }

    /** Turns that shards have had so far. */
    public long turns() {
        return scheduler.turns();
    }

    /** Lets others run for a while. On a thread of the simulation. */
    public void sleep(Duration time) {
        Participant self = self();
        long end = scheduler.now() + time.toNanos();
        while (scheduler.now() < end) {
            self.await(end);
            scheduler.endIfFailed(self);
        }
    }

    /**
     * Lets others run until something is so, looking each millisecond. On a thread of the simulation.
     *
     * @param patience by the simulation's clock
     * @throws AssertionError if it is not so by then
     */
    public void until(BooleanSupplier condition, Duration patience) {
        long end = scheduler.now() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (scheduler.now() >= end) {
                throw new AssertionError("not so within " + patience + " of simulated time");
            }
            sleep(LOOKS_APART);
        }
    }

    /** As {@link #await(CompletionStage, Duration)}, for an hour at most. */
    public <T extends @Nullable Object> T await(CompletionStage<T> stage) {
        return await(stage, PATIENCE);
    }

    /**
     * Lets others run until a stage is done. On a thread of the simulation.
     *
     * @param patience by the simulation's clock
     * @throws CompletionException if it has failed, with what it failed with
     * @throws AssertionError if it is not done by then
     */
    public <T extends @Nullable Object> T await(CompletionStage<T> stage, Duration patience) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        boolean done;
        try {
            done = environment.threads().await(future, patience);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while it waited for " + stage, e);
        }
        if (!done) {
            throw new AssertionError(stage + " is not done within " + patience + " of simulated time");
        }
        return future.join();
    }

    /** Starts a thread of the simulation, which may wait as this class lets the test wait; a client's code, say. */
    public <T extends @Nullable Object> CompletableFuture<T> thread(String name, Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        environment.threads().start(name, () -> {
            try {
                result.complete(work.call());
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    /** Calls something after a while, on a thread of the simulation that is kept for that: a fault, say. */
    public void after(Duration delay, Runnable action) {
        scheduler.callAt(scheduler.now() + delay.toNanos(), action);
    }

    /**
     * Draws faults for a while from now on, as {@link Chaos} draws them: two at a time, then both are healed. Where the
     * simulation fails, those that are not to blame are left out, one after the other, by running it again: what it is given
     * must bring with it all that it changes.
     *
     * @param kinds adds the kinds of faults, {@link #usualFaults} for one
     */
    public void faults(Duration time, UnaryOperator<Chaos> kinds) {
        faults.draw(kinds.apply(Chaos.plan(scheduler.random().nextLong())), time);
    }

    /**
     * What networks and machines do without losing anything but datagrams: cuts of each way, loss, standstill, wrong clocks;
     * datagrams that arrive twice, where somebody is bound to receive some already.
     */
    public Chaos usualFaults(Chaos chaos) {
        for (Machine from : machines) {
            for (Machine to : machines) {
                if (from != to) {
                    Link link = network.link(from, to);
                    chaos.fault("cut " + link, link::cut, link::heal).fault("loss " + link, () -> link.loss(0.3),
                            () -> link.loss(0));
                    if (network.hasDatagrams()) {
                        chaos.fault("doubles " + link, () -> link.doubles(0.3), () -> link.doubles(0));
                    }
                }
            }
            chaos.fault("freeze " + from, () -> from.freezeIfUp(), from::thaw).fault("clock " + from,
                    () -> from.jumpClock(Duration.ofHours(1)), () -> from.jumpClock(Duration.ofHours(-1)));
        }
        return chaos;
    }

    /** Puts a line into the trace, which counts for its hash. */
    public void note(String line) {
        scheduler.trace().add(Trace.Kind.NOTE, line.hashCode(), line, scheduler.now(), 0);
    }

    /** Fails the simulation: the test's thread throws this from where it waits. */
    public void fail(Throwable why) {
        scheduler.fail(why);
    }

    private Participant self() {
        Participant self = Participant.current();
        if (self == null || self.scheduler != scheduler) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName()
                    + " is none of this simulation's; on a fork use Shard.sleep, elsewhere Simulation.thread");
        }
        return self;
    }
}
