package io.solaster.engine.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardStoppedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** When the engine stops, no virtual thread hangs, and nobody who waits for one does. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DrainTest {

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void theLivingAreInterruptedAndMayStillCallWhileTheyEnd(Transport transport) {
        Engine engine = Engines.start(transport, 2);
        List<Fork<String>> forks = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            forks.add(engine.shard(i % 2).fork(() -> {
                try {
                    new CompletableFuture<String>().get();
                    return "not so";
                } catch (InterruptedException stopping) {
                    return engine.submitTo(0, () -> "ended").join() + engine.offload().call(() -> " well").join();
                }
            }));
        }
        Engines.until("all live",
                () -> engine.shard(0).threads().living() + engine.shard(1).threads().living() == forks.size());
        engine.close();
        assertThat(forks).allSatisfy(fork -> {
            assertThat(fork.future()).isCompletedWithValue("ended well");
            assertThat(fork.thread().isAlive()).isFalse();
        });
        assertThatThrownBy(() -> engine.shard(0).fork(() -> 1)).isInstanceOf(ShardStoppedException.class)
                .hasMessageContaining("shard 0 of engine '" + engine.name() + "' has stopped");
    }

    @Test
    void oneThatDoesNotEndIsLeftBehindAndItsFutureFails() {
        Engine engine = Engines.start(Transport.NIO, 2);
        Shard shard = engine.shard(1);
        ReentrantLock lock = new ReentrantLock();
        lock.lock();
        Fork<Integer> stubborn = shard.fork(() -> {
            lock.lock();
            return 1;
        });
        Engines.until("it waits", () -> stubborn.thread().getState() == Thread.State.WAITING);
        CompletableFuture<Void> drained = shard.threads().end(Duration.ofMillis(1));
        Engines.get(drained);
        assertThatThrownBy(() -> stubborn.future().get()).isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ShardStoppedException.class);
        assertThatThrownBy(() -> shard.fork(() -> 1)).isInstanceOf(ShardStoppedException.class);
        // It may still end while the loop runs.
        lock.unlock();
        Engines.until("it has ended", () -> !stubborn.thread().isAlive());
        assertThat(shard.threads().living()).isZero();
        engine.close();
    }

    @Test
    void aWakeUpAfterTheEndDisturbsNobody() {
        Engine engine = Engines.start(Transport.NIO, 2);
        Shard shard = engine.shard(1);
        boolean[] goOn = {false};
        CountDownLatch parked = new CountDownLatch(1);
        Fork<Integer> stubborn = shard.fork(() -> {
            parked.countDown();
            while (!goOn[0]) {
                LockSupport.park();
                Thread.interrupted();
            }
            return 1;
        });
        ForkTest.await(parked);
        CompletableFuture<Thread> child = new CompletableFuture<>();
        shard.fork(() -> child.complete(Thread.startVirtualThread(() -> {
            while (!goOn[0]) {
                LockSupport.park();
            }
        })));
        Thread orphan = Engines.get(child);
        Engines.get(shard.threads().end(Duration.ofMillis(1)));
        engine.close();
        Engines.until("the loop has ended", shard::isTerminated);
        goOn[0] = true;
        LockSupport.unpark(stubborn.thread());
        LockSupport.unpark(orphan);
        stubborn.thread().interrupt();
        assertThatThrownBy(() -> stubborn.future().get()).hasCauseInstanceOf(ShardStoppedException.class);
    }

    /** From outside and from a shard, while the engine stops: each future is completed. */
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void forksThatRaceWithTheStopAllComplete(Transport transport) throws Exception {
        Engine engine = Engines.start(transport, 2);
        CountDownLatch going = new CountDownLatch(1);
        List<Fork<Integer>> forks = new ArrayList<>();
        Thread outside = Thread.ofPlatform().start(() -> {
            try {
                while (true) {
                    Fork<Integer> fork = engine.shard(forks.size() % 2).fork(() -> {
                        LockSupport.parkNanos(1_000_000);
                        return engine.submitTo(0, () -> 1).get();
                    });
                    forks.add(fork);
                    fork.future().thenRun(going::countDown);
                    if (forks.size() > 50_000 && !engine.isStopping()) {
                        LockSupport.parkNanos(1_000_000);
                    }
                }
            } catch (ShardStoppedException end) {
                // As it must come.
            }
        });
        ForkTest.await(going);
        engine.close();
        outside.join();
        int answered = 0;
        for (Fork<Integer> fork : forks) {
            try {
                answered += fork.future().get(60, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOfAny(ShardStoppedException.class, InterruptedException.class);
            }
        }
        assertThat(answered).isPositive();
    }
}
