package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.sim.Simulation;

final class SimulationExample {
    private SimulationExample() {}

    // Wrong: between the message that reads and the one that writes there is room for another's.
    static CompletionStage<Long> visit(Sharded<Map<String, Long>> counts, String name) {
        return counts.onOwner(name, map -> map.getOrDefault(name, 0L))
                .thenCompose(seen -> counts.onOwner(name, map -> {
                    map.put(name, seen + 1);
                    return seen + 1;
                }));
    }

    static void countsEachVisit(Simulation sim) {
        Engine engine = sim.machine("server").start(EngineConfig.defaults().withShards(2));
        Sharded<Map<String, Long>> counts = engine.sharded(_ -> new HashMap<>());
        History<Add, Long> history = new History<>(() -> sim.now().toNanos());
        List<CompletableFuture<?>> visits = new ArrayList<>();
        for (Shard shard : engine.shards()) {
            History.Recorder<Add, Long> recorder = history.record("shard " + shard.id());
            visits.add(engine.submitTo(shard.id(), () -> {
                int call = recorder.call(new Add(1));
                return visit(counts, "ada").thenAccept(count -> recorder.answer(call, count));
            }).thenCompose(visit -> visit));
        }
        visits.forEach(sim::await);
        Verdict<Add, Long> verdict = Linearizability.of(Models.counter(0)).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    static void losesNoVisit() {
        Simulation.explore(1, Duration.ofSeconds(10), SimulationExample::countsEachVisit);
    }
}
