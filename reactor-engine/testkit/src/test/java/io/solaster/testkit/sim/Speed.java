package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.Test;

/** Prints how fast simulations run here: turns a second, and simulated to real time. The README has the command. */
final class Speed {
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);
    private static final int ROUNDS = 3;

    @Test
    void isPrinted() {
        for (int round = 0; round < ROUNDS; round++) {
            turns(round);
            requests(round);
            idle(round);
            upAndDown(round);
        }
    }

    /** Six shards that have something to do in each turn. */
    private static void turns(long seed) {
        measure("3 machines of 2 shards, busy", seed, Duration.ofMillis(400), sim -> {
            for (int i = 0; i < 3; i++) {
                Engine engine = sim.machine("m" + i).start(TWO);
                engine.shards().forEach(shard -> shard.execute(() -> again(shard)));
            }
        });
    }

    private static void again(Shard shard) {
        shard.schedule(() -> again(shard), 1, TimeUnit.NANOSECONDS);
    }

    /** Two clients that ask one server 1,000 times a second between them. */
    private static void requests(long seed) {
        measure("3 machines, 1,000 requests/s", seed, Duration.ofSeconds(20), sim -> {
            Machine server = sim.machine("server");
            server.start(TWO);
            Lines.serve(server, 7000, (shard, line) -> CompletableFuture.completedFuture(line));
            for (int i = 0; i < 2; i++) {
                Machine machine = sim.machine("client" + i);
                machine.start(TWO);
                Lines.Client client = sim.await(Lines.Client.connect(machine, i, server.address(7000)));
                client.shard.scheduleAtFixedRate(() -> client.ask("hello"), 2, 2, TimeUnit.MILLISECONDS);
            }
        });
    }

    private static void idle(long seed) {
        measure("3 machines, idle", seed, Duration.ofHours(1), sim -> {
            for (int i = 0; i < 3; i++) {
                Machine machine = sim.machine("m" + i);
                machine.start(TWO);
                Lines.serve(machine, 7000, (shard, line) -> CompletableFuture.completedFuture(line));
            }
        });
    }

    private static void measure(String what, long seed, Duration time, Simulation.Body setUp) {
        long[] real = new long[1];
        long[] simulated = new long[1];
        long[] turns = new long[1];
        Simulation.run(seed, false, sim -> {
            setUp.run(sim);
            long start = System.nanoTime();
            long before = sim.now().toNanos();
            long turnsBefore = sim.turns();
            sim.sleep(time);
            real[0] = System.nanoTime() - start;
            simulated[0] = sim.now().toNanos() - before;
            turns[0] = sim.turns() - turnsBefore;
        });
        System.out.printf("%-30s %,12.0f turns/s, simulated to real %,10.1f%n", what,
                turns[0] * 1e9 / real[0], (double) simulated[0] / real[0]);
    }

    private static void upAndDown(long seed) {
        int runs = 100;
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            Simulation.run(seed + i, sim -> {
                sim.machine("a").start(TWO);
                sim.machine("b").start(TWO);
                sim.machine("c").start(TWO);
            });
        }
        System.out.printf("%-30s %,12.1f ms%n", "3 machines up and down", (System.nanoTime() - start) / 1e6 / runs);
    }
}
