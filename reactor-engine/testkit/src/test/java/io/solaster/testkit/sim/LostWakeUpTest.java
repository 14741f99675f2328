package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.env.Environment;
import org.junit.jupiter.api.Test;

/** A queue between two threads, with the flag by which one wakes the other: once right, and once as one gets it wrong. */
final class LostWakeUpTest {
    private static final int SEEDS = 1_000;
    private static final int ITEMS = 5;

    private static final class Mailbox {
        private final Environment environment;
        private final boolean right;
        private final ArrayDeque<Integer> items = new ArrayDeque<>();
        private CompletableFuture<Void> wakeUp = new CompletableFuture<>();
        private boolean sleeps;

        Mailbox(Environment environment, boolean right) {
            this.environment = environment;
            this.right = right;
        }

        void send(int item) {
            items.add(item);
            environment.sometimes("between sending and waking");
            if (sleeps) {
                sleeps = false;
                wakeUp.complete(null);
            }
        }

        int receive() {
            while (true) {
                Integer next = items.poll();
                if (next != null) {
                    return next;
                }
                environment.sometimes("between looking and sleeping");
                wakeUp = new CompletableFuture<>();
                sleeps = true;
                if (right && !items.isEmpty()) {
                    // It came before the flag was up, so nobody wakes us for it.
                    sleeps = false;
                    continue;
                }
                environment.threads().beforeWait(wakeUp, Long.MAX_VALUE);
            }
        }
    }

    private static void run(Simulation sim, boolean right) {
        Mailbox mailbox = new Mailbox(sim.environment(), right);
        CompletableFuture<Integer> sum = sim.thread("receiver", () -> {
            int all = 0;
            for (int i = 0; i < ITEMS; i++) {
                all += mailbox.receive();
            }
            return all;
        });
        CompletableFuture<Integer> sent = sim.thread("sender", () -> {
            for (int i = 1; i <= ITEMS; i++) {
                mailbox.send(i);
                sim.sleep(Duration.ofNanos(sim.random().nextInt(3_000)));
            }
            return ITEMS;
        });
        sim.await(sent);
        assertThat(sim.await(sum)).isEqualTo(ITEMS * (ITEMS + 1) / 2);
    }

    @Test
    void isFoundAndItsMendingPasses() {
        long found = -1;
        for (long seed = 0; seed < SEEDS && found < 0; seed++) {
            try {
                Simulation.run(seed, sim -> run(sim, false));
            } catch (SimulationFailure lost) {
                found = seed;
            }
        }
        assertThat(found).isNotNegative();
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.run(seed, sim -> run(sim, true));
        }
    }
}
