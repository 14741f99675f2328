package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.SimulationFailure;
import org.junit.jupiter.api.Test;

/**
 * A bug that is planted in a variant of {@link Visits}, to try the kit on: a simulation finds it, tells the seed that shows it
 * again, and finds nothing in the bean as it is.
 */
final class PlantedBugTest {
    private static final int SEEDS = 20;
    private static final EngineConfig TWO_SHARDS = EngineConfig.defaults().withShards(2);

    /** Counts a visit of somebody; on any shard. */
    private interface Counter {
        CompletionStage<Integer> visit(String name);
    }

    private static Counter asItIs(Engine engine) {
        Sharded<Visits> visits = engine.sharded(Visits::new);
        return name -> visits.onOwner(name, each -> each.of(name)).thenCompose(visit -> visit)
                .thenApply(Visits.Visit::visits);
    }

    /**
     * Wrong: reads the count on the shard that owns the name, adds to it on the caller's, and writes it by a second message.
     * Of two who come between the two messages one is lost.
     */
    private static Counter withALostUpdate(Engine engine) {
        Sharded<Map<String, Integer>> counts = engine.sharded(_ -> new HashMap<>());
        return name -> counts.onOwner(name, each -> each.getOrDefault(name, 0)).thenApply(seen -> seen + 1)
                .thenCompose(count -> counts.onOwner(name, each -> {
                    each.put(name, count);
                    return count;
                }));
    }

    /** On each of two shards somebody counts ada's visits, one after the other; nobody may be told another's number. */
    private static void countsEachVisit(Simulation sim, Function<Engine, Counter> made) {
        Engine engine = sim.machine("demo").start(TWO_SHARDS);
        Counter counter = made.apply(engine);
        History<Add, Long> history = new History<>(() -> sim.now().toNanos());
        List<CompletableFuture<?>> clients = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            Recorder<Add, Long> recorder = history.record("shard " + shard.id());
            clients.add(engine.submitTo(shard.id(), () -> visit(counter, recorder, 3)).thenCompose(done -> done));
        }
        clients.forEach(sim::await);
        Verdict<Add, Long> verdict = Linearizability.of(Models.counter(0)).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private static CompletionStage<Boolean> visit(Counter counter, Recorder<Add, Long> recorder, int times) {
        int call = recorder.call(new Add(1));
        return counter.visit("ada").thenCompose(count -> {
            recorder.answer(call, (long) count);
            return times > 1 ? visit(counter, recorder, times - 1) : CompletableFuture.completedStage(true);
        });
    }

    private static void simulate(Function<Engine, Counter> made) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Simulation.run(seed, sim -> countsEachVisit(sim, made));
        }
    }

    @Test
    void a_lost_update_between_two_shards_is_found_and_told_with_its_seed() {
        SimulationFailure found = catchThrowableOfType(SimulationFailure.class,
                () -> simulate(PlantedBugTest::withALostUpdate));
        long seed = found.result().seed();
        assertThat(found).hasMessageContaining("Not linearizable").hasMessageContaining("Simulation.run(" + seed + "L");
        SimulationFailure again = catchThrowableOfType(SimulationFailure.class,
                () -> Simulation.run(seed, sim -> countsEachVisit(sim, PlantedBugTest::withALostUpdate)));
        assertThat(again.result()).isEqualTo(found.result());
    }

    @Test
    void the_bean_as_it_is_loses_none() {
        simulate(PlantedBugTest::asItIs);
    }
}
