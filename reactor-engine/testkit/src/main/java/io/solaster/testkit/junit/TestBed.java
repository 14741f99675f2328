package io.solaster.testkit.junit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.env.Environment;
import io.solaster.engine.timer.ManualClock;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.left.EngineLeftovers;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.Remnant;
import org.jspecify.annotations.Nullable;

/**
 * What a test, or a class with one instance for all of its tests, has: an engine, its clock, proxies, what was done. Several
 * tests may use it at the same time. On JUnit's threads.
 */
final class TestBed implements AutoCloseable {
    /** The shards are used to wait for their forks, which may be as busy. */
    private static final Duration CANCELS = Duration.ofSeconds(5);
    private static final int TRACED = 100;

    private final SolasterTest settings;
    private final EngineConfig.Transport transport;
    /** How long what ends by itself may take for that. */
    private final Duration patience;
    private final long seed;
    private final Events events = new Events();
    private final List<FaultProxy> proxies = new ArrayList<>();
    private @Nullable ManualClock clock;
    private @Nullable Engine engine;
    private @Nullable EngineLeftovers leftovers;
    private volatile Set<Left> ignoredAtStop = EnumSet.noneOf(Left.class);
    private volatile List<Remnant> leftAtStop = List.of();
    private volatile @Nullable String reportAtStop;
    private int running;
    private int proxiesBefore;

    TestBed(SolasterTest settings, EngineConfig.Transport transport, Duration patience) {
        this.settings = settings;
        this.patience = patience;
        this.transport = transport;
        Long given = Long.getLong("solaster.testkit.seed");
        this.seed = given != null
                ? given
                : settings.seed() != 0 ? settings.seed() : ThreadLocalRandom.current().nextLong();
    }

    long seed() {
        return seed;
    }

    Events events() {
        return events;
    }

    synchronized Engine engine() {
        Engine present = engine;
        if (present == null) {
            EngineConfig config = Settings.config(settings, transport);
            int shards = settings.shards();
            Environment environment = settings.clock() == SolasterTest.Clock.MANUAL
                    ? Environment.SYSTEM.withTimerClock(clock())
                    : Environment.SYSTEM;
            present = Engine.start(config, Settings.machine(shards), environment);
            EngineLeftovers watched = EngineLeftovers.watch(present, events::add);
            // First registered, this runs last: after whatever stands on the engine has ended.
            present.onStop(() -> lookLast(watched));
            leftovers = watched;
            engine = present;
        }
        return present;
    }

    private void lookLast(EngineLeftovers watched) {
        List<Remnant> left = watched.remnants(ignoredAtStop, patience);
        if (!left.isEmpty()) {
            // Where the shards are can be told only while they live.
            reportAtStop = report();
        }
        leftAtStop = left;
    }

    synchronized ManualClock clock() {
        if (settings.clock() != SolasterTest.Clock.MANUAL) {
            throw new IllegalStateException(
                    "the engine goes by the machine's clock; use @SolasterTest(clock = SolasterTest.Clock.MANUAL)");
        }
        ManualClock present = clock;
        if (present == null) {
            present = new ManualClock();
            clock = present;
        }
        return present;
    }

    Shard shard(int number) {
        Engine all = engine();
        if (number < 0 || number >= all.shards().size()) {
            throw new IllegalStateException("@OnShard(" + number + "): the engine has " + all.shards().size()
                    + " shards, from 0; ask for more by @SolasterTest(shards = " + (number + 1) + ")");
        }
        return all.shard(number);
    }

    synchronized FaultProxy proxy() {
        // Each draws from a sequence of its own.
        FaultProxy proxy = FaultProxy.open(seed + proxies.size(), events);
        proxies.add(proxy);
        return proxy;
    }

    /** Runs work in a fork of a shard, and waits for it. */
    <T extends @Nullable Object> T callOn(int number, Callable<T> work) throws Throwable {
        Fork<T> fork = shard(number).fork(work);
        try {
            return fork.future().get();
        } catch (ExecutionException e) {
            throw e.getCause() == null ? e : e.getCause();
        } catch (InterruptedException e) {
            InterruptedException told = new InterruptedException("interrupted while " + fork.thread().getName()
                    + " was under way on shard " + number + ": " + shard(number).stack());
            told.setStackTrace(fork.thread().getStackTrace());
            fork.cancel();
            awaitEnd(fork);
            throw told;
        }
    }

    private static void awaitEnd(Fork<?> fork) {
        try {
            fork.future().get(CANCELS.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            // It failed as it was told to, or is told of as left behind.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A test begins. */
    synchronized void begin() {
        if (running++ == 0) {
            proxiesBefore = proxies.size();
            if (leftovers != null) {
                leftovers.begin();
            }
        }
    }

    /** A test has ended, and the bed stays: what it has left on the shards. */
    synchronized List<Remnant> end(Set<Left> ignored) {
        if (--running > 0) {
            return List.of();
        }
        closeProxies(proxiesBefore);
        EngineLeftovers watched = leftovers;
        if (watched == null) {
            return List.of();
        }
        List<Remnant> left = watched.remnants(ignored, patience);
        // Told of once, and not again when the class ends.
        watched.begin();
        return left;
    }

    /**
     * Closes all. What stands on the engine ends first; what then is on the shards still was left there.
     *
     * @return what was left on the shards
     */
    synchronized List<Remnant> close(Set<Left> ignored) {
        closeProxies(0);
        Engine present = engine;
        EngineLeftovers watched = leftovers;
        if (present == null || watched == null) {
            return List.of();
        }
        ignoredAtStop = ignored;
        // A test may have closed it: there is nothing to be found on shards that have stopped.
        present.close();
        return leftAtStop;
    }

    /** Where a test never began, since its constructor threw. By JUnit, at the end of its context. */
    @Override
    public void close() {
        close(EnumSet.allOf(Left.class));
    }

    private void closeProxies(int from) {
        List<FaultProxy> ours = proxies.subList(from, proxies.size());
        ours.forEach(FaultProxy::close);
        ours.clear();
    }

    /** The seed, what was done, and where the shards are. */
    String report() {
        String told = reportAtStop;
        if (told != null) {
            return told;
        }
        StringBuilder text = new StringBuilder("seed ").append(seed).append("; again with -Dsolaster.testkit.seed=")
                .append(seed);
        List<Events.Event> done = events.list();
        if (!done.isEmpty()) {
            text.append("\nwhat was done, the latest of it:");
            done.subList(Math.max(0, done.size() - TRACED), done.size())
                    .forEach(event -> text.append("\n\t").append(event));
        }
        Engine present = engine;
        if (present != null) {
            for (Shard shard : present.shards()) {
                text.append("\nshard ").append(shard.id()).append(": ").append(shard.stack());
            }
        }
        return text.toString();
    }
}
