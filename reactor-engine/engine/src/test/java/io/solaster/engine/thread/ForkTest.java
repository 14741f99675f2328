package io.solaster.engine.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.util.concurrent.Promise;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Fork;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardThreads;
import io.solaster.engine.WrongShardException;
import io.solaster.engine.task.SchedulingGroup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.slf4j.LoggerFactory;

@ParameterizedClass
@EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ForkTest {
    @Parameter
    Transport transport;

    private Engine engine;
    private Shard shard;

    @BeforeEach
    void start() {
        engine = Engines.start(transport, 2);
        shard = engine.shard(1);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    @Test
    void runsInAVirtualThreadThatTheShardCarries() {
        Fork<List<Object>> fork = shard.fork(() -> List.of(Shard.current(), Thread.currentThread().isVirtual(),
                shard.inEventLoop(), ShardThreads.carrier().getName()));
        assertThat(Engines.get(fork.future())).containsExactly(shard, true, false, engine.name() + "-shard-1");
        assertThat(fork.thread().getName()).matches(engine.name() + "-shard-1-fork-\\d+");
        Engines.until("the thread has ended", () -> !fork.thread().isAlive());
        assertThat(shard.threads().living()).isZero();
        assertThat(Shard.current()).isNull();
        assertThat(ShardThreads.carrier()).isSameAs(Thread.currentThread());
    }

    @Test
    void mayTouchTheShardsStateAndNoOthers() {
        assertThat(Engines.get(shard.fork(() -> shard.mesh() != null).future())).isTrue();
        assertThatThrownBy(() -> Engines.get(shard.fork(() -> engine.shard(0).mesh()).future()))
                .isInstanceOf(WrongShardException.class)
                .hasMessageContaining("touched by thread " + engine.name() + "-shard-1-fork-");
    }

    @Test
    void theFutureComesHomeToWhoeverForked() {
        CompletableFuture<List<Object>> sameShard = new CompletableFuture<>();
        shard.execute(() -> shard.fork(() -> 7)
                .future().thenAccept(seven -> sameShard.complete(List.of(Shard.current(), shard.inEventLoop()))));
        assertThat(Engines.get(sameShard)).containsExactly(shard, true);

        CompletableFuture<List<Object>> otherShard = new CompletableFuture<>();
        Shard other = engine.shard(0);
        other.execute(() -> shard.fork(Shard::current).future().thenAccept(
                there -> otherShard.complete(List.of(there, Shard.current(), other.inEventLoop()))));
        assertThat(Engines.get(otherShard)).containsExactly(shard, other, true);

        String elsewhere = Engines
                .get(shard.fork(() -> 1).future().thenApplyAsync(one -> Thread.currentThread().getName()));
        assertThat(elsewhere).startsWith(engine.name() + "-offload-");
    }

    @Test
    void staysInTheGroupThatForks() {
        SchedulingGroup background = engine.groups().background();
        CompletableFuture<List<SchedulingGroup>> seen = new CompletableFuture<>();
        shard.execute(background, () -> shard.fork(() -> {
            SchedulingGroup before = shard.currentGroup();
            Thread.sleep(1);
            SchedulingGroup afterSleep = shard.currentGroup();
            engine.submitTo(0, () -> 1).join();
            return List.of(before, afterSleep, shard.currentGroup());
        }).future().thenAccept(groups -> {
            List<SchedulingGroup> all = new ArrayList<>(groups);
            all.add(shard.currentGroup());
            seen.complete(all);
        }));
        assertThat(Engines.get(seen)).containsExactly(background, background, background, background);
        assertThat(onFork(shard, shard::currentGroup)).isEqualTo(engine.groups().byDefault());
    }

    @Test
    void failuresLandInTheFutureWithTheirStack() {
        assertThatThrownBy(() -> shard.fork(() -> {
            throw new IOException("on purpose");
        }).future().get()).isInstanceOf(ExecutionException.class).cause().isInstanceOf(IOException.class)
                .satisfies(failure -> assertThat(failure.getStackTrace()[0].getClassName())
                        .isEqualTo(ForkTest.class.getName()));
    }

    @Test
    void whatARunnableThrowsIsLoggedToo() {
        Logger logger = (Logger) LoggerFactory.getLogger(ShardThreads.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        // Shards log while it is read.
        lines.list = new CopyOnWriteArrayList<>();
        lines.start();
        logger.addAppender(lines);
        try {
            Fork<Void> fork = shard.fork((Runnable) () -> {
                throw new IllegalArgumentException("on purpose");
            });
            assertThatThrownBy(() -> Engines.get(fork.future())).hasMessage("on purpose");
            assertThat(lines.list).singleElement().satisfies(line -> {
                assertThat(line.getFormattedMessage()).isEqualTo(fork.thread().getName() + " threw");
                assertThat(line.getThrowableProxy().getMessage()).isEqualTo("on purpose");
            });
        } finally {
            logger.detachAppender(lines);
        }
    }

    @Test
    void waitingForAFutureParksHereAndThrowsOnTheLoop() {
        assertThat(Engines.get(shard.fork(() -> engine.submitTo(0, () -> 1).get()
                + engine.submitTo(0, () -> 2).join() + engine.submitTo(0, () -> 3).get(1, TimeUnit.HOURS)).future()))
                .isEqualTo(6);
        assertThat(Engines.get(shard.fork(() -> engine.submitToAll(Shard::id).join()).future())).containsExactly(0, 1);
        assertThat(Engines.get(shard.fork(() -> engine.sharded(Shard::id).local()).future())).isEqualTo(1);
        assertThatIllegalStateException()
                .isThrownBy(() -> Engines.get(engine.submitTo(1, () -> engine.submitTo(0, () -> 1).join())))
                .withMessageContaining("would block shard 1").withMessageContaining("Shard.fork");
        assertThatIllegalStateException().isThrownBy(() -> Engines.get(shard.fork(() -> engine.close()).future()))
                .withMessageContaining("would wait for itself");
    }

    @Test
    void offloadParks() {
        String elsewhere = onFork(shard, () -> engine.offload().call(() -> Thread.currentThread().getName()).join());
        assertThat(elsewhere).startsWith(engine.name() + "-offload-");
    }

    @Test
    void sleepParks() {
        parks(sleeping -> {
            sleeping.run();
            Thread.sleep(1);
            return 1;
        }, () -> {});
        parks(sleeping -> {
            sleeping.run();
            LockSupport.parkNanos(1_000_000);
            return 1;
        }, () -> {});
        parks(sleeping -> {
            sleeping.run();
            ShardThreads.sleep(Duration.ofMillis(1));
            return 1;
        }, () -> {});
        assertThatIllegalStateException().isThrownBy(() -> ShardThreads.sleep(Duration.ofMillis(1)))
                .withMessageContaining("no virtual thread of a shard; use Shard.fork");
    }

    @Test
    void sleepCanBeInterrupted() {
        Fork<Integer> fork = shard.fork(() -> {
            ShardThreads.sleep(Duration.ofHours(1));
            return 1;
        });
        fork.cancel();
        assertThatThrownBy(() -> fork.future().get()).hasCauseInstanceOf(InterruptedException.class);
    }

    @Test
    void aFuturesWaitParks() {
        CompletableFuture<Integer> later = new CompletableFuture<>();
        parks(waiting -> {
            waiting.run();
            return later.get();
        }, () -> later.complete(1));
    }

    @Test
    void aLockParks() {
        ReentrantLock lock = new ReentrantLock();
        Condition condition = lock.newCondition();
        lock.lock();
        parks(waiting -> {
            waiting.run();
            lock.lock();
            try {
                condition.await(1, TimeUnit.MILLISECONDS);
                return 1;
            } finally {
                lock.unlock();
            }
        }, lock::unlock);
    }

    @Test
    void aMonitorParks() {
        Object monitor = new Object();
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Thread holder = Thread.ofPlatform().start(() -> {
            synchronized (monitor) {
                held.countDown();
                await(release);
            }
        });
        await(held);
        parks(waiting -> {
            waiting.run();
            synchronized (monitor) {
                return 1;
            }
        }, release::countDown);
        assertThat(holder).isNotNull();
    }

    @Test
    void waitAndNotifyPark() {
        Object monitor = new Object();
        boolean[] notified = {false};
        parks(waiting -> {
            waiting.run();
            synchronized (monitor) {
                while (!notified[0]) {
                    monitor.wait();
                }
                return 1;
            }
        }, () -> {
            synchronized (monitor) {
                notified[0] = true;
                monitor.notifyAll();
            }
        });
    }

    @Test
    void aBlockingSocketParks() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
                Socket accepted = server.accept()) {
            parks(reading -> {
                reading.run();
                return client.getInputStream().read();
            }, () -> {
                try {
                    accepted.getOutputStream().write(1);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @Test
    void nettysAwaitParks() {
        Promise<Integer> promise = shard.newPromise();
        parks(waiting -> {
            waiting.run();
            return promise.await().getNow();
        }, () -> promise.setSuccess(1));
    }

    private interface Waiting {
        Integer call(Runnable aboutToWait) throws Exception;
    }

    /** The code waits until it is released, and the shard does other things meanwhile. */
    private void parks(Waiting code, Runnable release) {
        CountDownLatch about = new CountDownLatch(1);
        Fork<Integer> fork = shard.fork(() -> code.call(about::countDown));
        await(about);
        assertThat(Engines.get(engine.submitTo(1, () -> shard.inEventLoop()))).isTrue();
        assertThat(Engines.get(engine.submitTo(1, () -> shard.threads().mounted() == null))).isTrue();
        release.run();
        assertThat(Engines.get(fork.future())).isEqualTo(1);
    }

    @Test
    @DisabledIfSystemProperty(named = "solaster.engine.shuffle-seed", matches = ".+", disabledReason = "who yields may then come before the others")
    void yieldLetsTheOthersHaveTheirTurn() {
        List<String> order = Engines.get(engine.submitTo(1, () -> {
            List<String> turns = new ArrayList<>();
            shard.fork(() -> {
                turns.add("a");
                // Now that it runs for sure: its start may have to wait for a lock of the JVM's.
                shard.execute(() -> turns.add("b"));
                Thread.yield();
                turns.add("c");
            });
            return turns;
        }));
        Engines.until("three turns", () -> Engines.get(engine.submitTo(1, () -> order.size() == 3)));
        assertThat(order).containsExactly("a", "b", "c");
    }

    @Test
    void threadsThatItStartsByThemselvesStayOnTheShard() {
        assertThat(Engines.get(shard.fork(() -> {
            AtomicReference<Shard> seen = new AtomicReference<>();
            Thread child = Thread.startVirtualThread(() -> {
                LockSupport.parkNanos(1_000);
                seen.set(Shard.current());
            });
            child.join();
            return seen.get();
        }).future())).isSameAs(shard);
    }

    @Test
    void theMountedThreadShowsWhatHoldsTheShardUp() {
        for (boolean child : new boolean[]{false, true}) {
            CountDownLatch begun = new CountDownLatch(1);
            AtomicReference<Boolean> release = new AtomicReference<>(false);
            Runnable code = () -> holdTheCarrier(begun, release);
            Fork<Void> fork = shard.fork(() -> {
                if (child) {
                    Thread.startVirtualThread(code);
                } else {
                    code.run();
                }
            });
            await(begun);
            Thread mounted = shard.threads().mounted();
            assertThat(mounted).isNotNull().matches(Thread::isVirtual);
            assertThat(mounted == fork.thread()).isEqualTo(!child);
            assertThat(mounted.getStackTrace()).anyMatch(frame -> frame.getMethodName().equals("holdTheCarrier"));
            release.set(true);
            Engines.get(fork.future());
            Engines.until("nothing mounted", () -> shard.threads().mounted() == null);
        }
    }

    private static void holdTheCarrier(CountDownLatch begun, AtomicReference<Boolean> release) {
        begun.countDown();
        while (!release.get()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void manyAtOnce() {
        liveAtOnce(10_000);
    }

    @Test
    @Tag("full")
    void aHundredThousandAtOnce() {
        liveAtOnce(100_000);
    }

    private void liveAtOnce(int count) {
        CompletableFuture<Integer> gate = new CompletableFuture<>();
        List<Fork<Integer>> forks = Engines.get(engine.submitTo(1, () -> {
            List<Fork<Integer>> all = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                int depth = i % 8;
                all.add(shard.fork(() -> depth(depth, gate)));
            }
            return all;
        }));
        Engines.until("all live", () -> shard.threads().living() == count);
        assertThat(Engines.get(engine.submitTo(1, () -> 1))).isEqualTo(1);
        engine.submitTo(1, () -> gate.complete(1));
        int sum = 0;
        for (Fork<Integer> fork : forks) {
            sum += Engines.get(fork.future());
        }
        assertThat(sum).isEqualTo(count / 8 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8));
        assertThat(Engines.get(engine.submitTo(1, () -> shard.threads().living()))).isZero();
    }

    private static int depth(int depth, CompletableFuture<Integer> gate) {
        return depth == 0 ? gate.join() : 1 + depth(depth - 1, gate);
    }

    @Test
    void aCancelledFutureLeavesTheThreadAlone() {
        CompletableFuture<Integer> gate = new CompletableFuture<>();
        Fork<Integer> fork = shard.fork(() -> gate.get());
        ShardFuture<Integer> future = fork.future();
        future.cancel(true);
        Engines.until("it lives", () -> fork.thread().getState() == Thread.State.WAITING);
        gate.complete(1);
        Engines.until("it has ended", () -> !fork.thread().isAlive());
        assertThat(future).isCancelled();
    }

    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(Engines.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static <T> T onFork(Shard shard, Callable<T> work) {
        return Engines.get(shard.fork(work).future());
    }
}
