package io.solaster.benchmarks.engine;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What straight-line code on a shard costs: a park and its wake-up, a fork, and to know one's shard; beside a task of the
 * loop, a callback of a future, and a virtual thread of the JDK's pool that waits for the loop. Run with
 * {@code -prof gc}: a wake-up allocates nothing.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "--add-opens=java.base/java.lang=ALL-UNNAMED"})
@State(Scope.Benchmark)
public class VirtualThreadBenchmark {
    private static final int COUNT = 100_000;
    private static final int FEW = 5_000;

    @Param("AUTO")
    Transport transport = Transport.AUTO;

    private @Nullable Engine engine;

    @Setup
    public void setUp() {
        engine = Engine.start(
                EngineConfig.defaults().withShards(1).withTransport(transport));
    }

    @TearDown
    public void tearDown() {
        Objects.requireNonNull(engine).close();
    }

    private Shard shard() {
        return Objects.requireNonNull(engine).shard(0);
    }

    /** A task of the loop queues a task of the loop. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void executeHop() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        shard().execute(new Runnable() {
            private int left = COUNT;

            @Override
            public void run() {
                if (--left == 0) {
                    done.countDown();
                } else {
                    shard().execute(this);
                }
            }
        });
        done.await();
    }

    /** Two virtual threads wake each other and park. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void parkAndUnpark() throws Exception {
        Thread[] pair = new Thread[2];
        int[] turn = {0};
        Callable<Integer> player = () -> {
            int self = Thread.currentThread().equals(pair[0]) ? 0 : 1;
            for (int i = 0; i < COUNT / 2; i++) {
                while (turn[0] != self) {
                    LockSupport.park();
                }
                turn[0] = 1 - self;
                LockSupport.unpark(pair[1 - self]);
            }
            return self;
        };
        startTogether(pair, player);
    }

    private void startTogether(Thread[] pair, Callable<Integer> player) throws Exception {
        CompletableFuture<Integer> one = new CompletableFuture<>();
        CompletableFuture<Integer> other = new CompletableFuture<>();
        shard().execute(() -> {
            io.solaster.engine.Fork<Integer> first = shard().fork(player);
            io.solaster.engine.Fork<Integer> second = shard().fork(player);
            pair[0] = first.thread();
            pair[1] = second.thread();
            first.future().thenAccept(one::complete);
            second.future().thenAccept(other::complete);
        });
        one.get();
        other.get();
    }

    /** A virtual thread waits for a future that a task of the loop completes. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int futureGet() throws Exception {
        return shard().fork(() -> await(shard())).future().get();
    }

    /** The same on the JDK's own pool. */
    @Benchmark
    @OperationsPerInvocation(FEW)
    public int futureGetOnTheDefaultPool() throws Exception {
        CompletableFuture<Integer> result = new CompletableFuture<>();
        Thread.startVirtualThread(() -> {
            int sum = 0;
            for (int i = 0; i < FEW; i++) {
                CompletableFuture<Integer> future = new CompletableFuture<>();
                shard().execute(() -> future.complete(1));
                sum += future.join();
            }
            result.complete(sum);
        });
        return result.get();
    }

    private static int await(Shard shard) throws Exception {
        int sum = 0;
        for (int i = 0; i < COUNT; i++) {
            CompletableFuture<Integer> future = new CompletableFuture<>();
            shard.execute(() -> future.complete(1));
            sum += future.get();
        }
        return sum;
    }

    /** A callback of a future that a task of the loop completes. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void callback() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        shard().execute(new Runnable() {
            private int left = COUNT;

            @Override
            public void run() {
                CompletableFuture<Integer> future = new CompletableFuture<>();
                shard().execute(() -> future.complete(1));
                future.thenAccept(one -> {
                    if (--left == 0) {
                        done.countDown();
                    } else {
                        run();
                    }
                });
            }
        });
        done.await();
    }

    /** One fork after the other, each run to its end. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public void fork() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        shard().execute(new Forker(shard(), done));
        done.await();
    }

    private static final class Forker implements Runnable {
        private final Shard shard;
        private final CountDownLatch done;
        private int left = COUNT;

        Forker(Shard shard, CountDownLatch done) {
            this.shard = shard;
            this.done = done;
        }

        @Override
        public void run() {
            if (left == 0) {
                done.countDown();
                return;
            }
            for (int i = 0; i < 100; i++) {
                left--;
                shard.fork(() -> 1);
            }
            shard.execute(this);
        }
    }

    /** To know one's shard, on the loop. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int currentOnTheLoop() throws Exception {
        return Objects.requireNonNull(engine).submitTo(0, VirtualThreadBenchmark::askCurrent).get();
    }

    /** To know one's shard, on a virtual thread. */
    @Benchmark
    @OperationsPerInvocation(COUNT)
    public int currentOnAVirtualThread() throws Exception {
        return shard().fork(VirtualThreadBenchmark::askCurrent).future().get();
    }

    private static int askCurrent() {
        int sum = 0;
        for (int i = 0; i < COUNT; i++) {
            sum += current() == null ? 0 : 1;
        }
        return sum;
    }

    /** Not inlined, since the answer would be asked for once. */
    @CompilerControl(CompilerControl.Mode.DONT_INLINE)
    private static @Nullable Shard current() {
        return Shard.current();
    }
}
