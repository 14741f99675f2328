package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

class WakeupsTest extends OnShard {

    /** As when a virtual thread parks in a callback; here a second thread has its turn while the first waits. */
    @Test
    void whileACallbackWaitsAnotherThreadWakesTheOthers() {
        onShard(() -> {
            WaitList<Waiter<String>> list = new WaitList<>();
            Wakeups wakeups = new Wakeups();
            List<String> woken = new ArrayList<>();
            List<Waiter<String>> waiters = new ArrayList<>();
            for (String name : List.of("first", "second", "third", "fourth")) {
                Waiter<String> waiter = new Waiter<>(engine.shard(0)) {
                    @Override
                    void gaveUp(Throwable why) {
                        throw new AssertionError(why);
                    }
                };
                waiter.future.thenAccept(woken::add);
                list.add(waiter, Patience.ENDLESS);
                waiters.add(waiter);
            }
            waiters.get(0).future.thenRun(() -> {
                Thread other = Thread.ofPlatform().start(wakeups::run);
                join(other);
                assertThat(woken).as("also what had not been completed").contains("second");
                wakeups.resolve(list, waiters.get(2), "third");
                wakeups.run();
            });
            wakeups.resolve(list, waiters.get(0), "first");
            wakeups.resolve(list, waiters.get(1), "second");
            wakeups.run();
            wakeups.resolve(list, waiters.get(3), "fourth");
            wakeups.run();
            assertThat(woken).containsExactlyInAnyOrder("first", "second", "third", "fourth");
            assertThat(list.size()).isZero();
        });
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
