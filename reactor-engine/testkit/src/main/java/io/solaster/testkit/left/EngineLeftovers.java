package io.solaster.testkit.left;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;

/**
 * What is left on the shards of an engine: forks, timers, and calls off the shards. It watches the engine from the moment
 * that it is made, in place of whoever {@link Engine#trace} named before; a test that calls that itself is still told how
 * many forks are left, but not of their lines. Any thread but a shard's.
 */
public final class EngineLeftovers {
    /** How long a shard may take to tell of its timers. */
    private static final Duration TELLS = Duration.ofSeconds(5);

    private final Engine engine;
    private final Origins origins;
    private final List<ArmedTimers> timers = new ArrayList<>();
    private final int[] forksBefore;
    private Set<Object> waysBefore = Set.of();

    private EngineLeftovers(Engine engine, Consumer<String> trace) {
        this.engine = engine;
        this.origins = new Origins(trace);
        this.forksBefore = new int[engine.shards().size()];
    }

    /**
     * Watches an engine from now on.
     *
     * @param trace told of each fork and each call off the shards, on the thread that makes it
     */
    public static EngineLeftovers watch(Engine engine, Consumer<String> trace) {
        EngineLeftovers leftovers = new EngineLeftovers(engine, trace);
        engine.trace(leftovers.origins);
        for (Shard shard : engine.shards()) {
            ArmedTimers armed = new ArmedTimers();
            leftovers.timers.add(armed);
            shard.executeOrElse(() -> shard.timers().onArmed(armed), () -> {});
        }
        return leftovers;
    }

    /** What is there now is nobody's: a test begins. */
    public void begin() {
        Set<Object> before = Collections.newSetFromMap(new IdentityHashMap<>());
        before.addAll(origins.present());
        waysBefore = before;
        for (Shard shard : engine.shards()) {
            forksBefore[shard.id()] = shard.threads().living();
            ArmedTimers armed = timers.get(shard.id());
            await(shard, () -> {
                armed.begin();
                return List.of();
            });
        }
    }

    /**
     * What has come since {@link #begin} and does not end by itself within the limit.
     *
     * @param ignored kinds that are not looked for
     */
    public List<Remnant> remnants(Set<Left> ignored, Duration limit) {
        Set<Left> wanted = EnumSet
                .complementOf(ignored.isEmpty() ? EnumSet.noneOf(Left.class) : EnumSet.copyOf(ignored));
        return Patience.until(limit, () -> remnants(wanted));
    }

    private List<Remnant> remnants(Set<Left> wanted) {
        List<Remnant> all = new ArrayList<>();
        if (wanted.contains(Left.FORKS)) {
            addForks(all);
        }
        if (wanted.contains(Left.CALLS)) {
            all.addAll(origins.remnants(Left.CALLS, waysBefore));
        }
        if (wanted.contains(Left.TIMERS)) {
            for (Shard shard : engine.shards()) {
                ArmedTimers armed = timers.get(shard.id());
                all.addAll(await(shard, () -> armed.remnants(shard)));
            }
        }
        return all;
    }

    private void addForks(List<Remnant> all) {
        long more = 0;
        for (Shard shard : engine.shards()) {
            more += Math.max(0, shard.threads().living() - forksBefore[shard.id()]);
        }
        List<Remnant> known = origins.remnants(Left.FORKS, waysBefore);
        all.addAll(known);
        for (long unknown = known.size(); unknown < more; unknown++) {
            all.add(new Remnant(Left.FORKS, "of engine '" + engine.name()
                    + "' whose line is not known, since something else has called Engine.trace", List.of()));
        }
    }

    /** A shard that does not answer is another test's failure. */
    private static List<Remnant> await(Shard shard, Supplier<List<Remnant>> look) {
        CompletableFuture<List<Remnant>> told = new CompletableFuture<>();
        shard.executeOrElse(() -> told.complete(look.get()), () -> told.complete(List.of()));
        try {
            return told.get(TELLS.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return List.of(new Remnant(Left.FORKS,
                    "that keeps shard " + shard.id() + " busy for " + TELLS + ": " + shard.stack(), List.of()));
        } catch (ExecutionException e) {
            throw new IllegalStateException("shard " + shard.id() + " could not tell of its timers", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    /** Where each timer of a shard was armed. On the owning shard. */
    private static final class ArmedTimers implements Consumer<Timer> {
        private static final int FIRST_SWEEP = 1024;

        private final IdentityHashMap<Timer, Throwable> armed = new IdentityHashMap<>();
        private final Set<Timer> before = Collections.newSetFromMap(new IdentityHashMap<>());
        private int sweepAt = FIRST_SWEEP;

        @Override
        public void accept(Timer timer) {
            if (armed.size() >= sweepAt) {
                armed.keySet().removeIf(each -> !each.isArmed());
                sweepAt = Math.max(FIRST_SWEEP, armed.size() * 2);
            }
            // One that repeats is armed by the loop, which is not where it came from.
            if (!timer.isArmed() || !armed.containsKey(timer)) {
                armed.put(timer, new Throwable("armed here"));
            }
        }

        void begin() {
            before.clear();
            armed.keySet().stream().filter(Timer::isArmed).forEach(before::add);
        }

        List<Remnant> remnants(Shard shard) {
            List<Remnant> left = new ArrayList<>();
            armed.forEach((timer, madeAt) -> {
                if (timer.isArmed() && !before.contains(timer)) {
                    left.add(Remnant.of(Left.TIMERS, "of shard " + shard.id() + ", " + timer, madeAt));
                }
            });
            return left;
        }
    }
}
