package io.solaster.benchmarks;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.IdleConfig;
import io.solaster.config.MeshConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
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
 * Time per message of the mesh, and per call with its answer between two running shards, beside Netty's own way. Run
 * with {@code -prof gc}: a message allocates nothing, a call its future and itself.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class MeshBenchmark {
    private static final int BATCH = 16;
    private static final int OUTSTANDING = 64;
    private static final int CALLS = 1_500 * OUTSTANDING;

    /** One thread on both ends: what a message costs without another CPU's cache. */
    @State(Scope.Thread)
    public static class Ends {
        private final GroupScheduler scheduler = new GroupScheduler(new SchedulingGroups(Map.of()), 0,
                Duration.ofSeconds(1), () -> 0, new ShardStats(), null);
        private final Mesh[] meshes = Mesh.connect(MeshConfig.defaults(), new Runnable[]{() -> {}, () -> {}},
                new ShardStats[]{new ShardStats(), new ShardStats()}, new GroupScheduler[]{scheduler, scheduler});
        private final Message[] messages = new Message[BATCH];
        private int delivered;

        @Setup
        public void setUp() {
            java.util.Arrays.setAll(messages, i -> new Delivered());
        }

        private final class Delivered extends Message {
            @Override
            public void deliver() {
                delivered++;
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int sendAndReceiveOnOneThread(Ends ends) {
        for (Message message : ends.messages) {
            ends.meshes[0].send(1, message);
        }
        ends.meshes[0].flush();
        return ends.meshes[1].receive();
    }

    /** Two shards that run. */
    @State(Scope.Benchmark)
    public static class Two {
        /** Spinning shards never sleep here; parking ones do whenever the other has nothing for them. */
        @Param({"SPIN", "PARK"})
        IdleConfig.Policy idle = IdleConfig.Policy.PARK;

        private @Nullable Engine running;

        @Setup
        public void setUp() {
            running = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER)
                    .withIdle(new IdleConfig(idle, Duration.ofMillis(1))));
        }

        Engine engine() {
            return Objects.requireNonNull(running);
        }

        @TearDown
        public void tearDown() {
            engine().close();
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void submitToAndAnswer(Two two) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(OUTSTANDING);
        two.engine().shard(0).execute(() -> {
            for (int i = 0; i < OUTSTANDING; i++) {
                new Caller(two.engine(), CALLS / OUTSTANDING, done).next(0);
            }
        });
        done.await();
    }

    private static final class Caller {
        private final Engine engine;
        private final CountDownLatch done;
        private int left;

        Caller(Engine engine, int calls, CountDownLatch done) {
            this.engine = engine;
            this.left = calls;
            this.done = done;
        }

        void next(Integer answer) {
            if (left-- == 0) {
                done.countDown();
            } else {
                engine.submitTo(1, this::work).thenAccept(this::next);
            }
        }

        private Integer work() {
            return 1;
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void messageAndAnswer(Two two) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(OUTSTANDING);
        two.engine().shard(0).execute(() -> {
            for (int i = 0; i < OUTSTANDING; i++) {
                two.engine().shard(0).mesh().send(1, new Ball(two.engine(), 2 * (CALLS / OUTSTANDING), done));
            }
        });
        done.await();
    }

    /** One object that goes there and back. */
    private static final class Ball extends Message {
        private final Engine engine;
        private final CountDownLatch done;
        private int left;

        Ball(Engine engine, int hops, CountDownLatch done) {
            this.engine = engine;
            this.left = hops;
            this.done = done;
        }

        @Override
        public void deliver() {
            if (--left == 0) {
                done.countDown();
            } else {
                // An even number of hops is left on shard 0.
                int here = left & 1;
                engine.shard(here).mesh().send(1 - here, this);
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void oneWayMessages(Two two) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        two.engine().shard(0).execute(new Sender(two.engine().shard(0), done));
        done.await();
    }

    /** Sends distinct messages while the lane has room. */
    private static final class Sender implements Runnable {
        private final Shard shard;
        private final CountDownLatch done;
        private final Counted[] messages = new Counted[1024];
        private int sent;
        private int received;

        Sender(Shard shard, CountDownLatch done) {
            this.shard = shard;
            this.done = done;
            java.util.Arrays.setAll(messages, i -> new Counted());
        }

        @Override
        public void run() {
            Mesh mesh = shard.mesh();
            for (int i = 0; i < 512 && sent < CALLS; i++) {
                if (!mesh.isWritable(1)) {
                    mesh.whenWritable(1, this);
                    return;
                }
                mesh.send(1, messages[sent++ & messages.length - 1]);
            }
            if (sent < CALLS) {
                shard.execute(this);
            }
        }

        private final class Counted extends Message {
            @Override
            public void deliver() {
                if (++received == CALLS) {
                    done.countDown();
                }
            }
        }
    }

    /** Netty's own loops, which queue each task and wake for it. */
    @State(Scope.Benchmark)
    public static class Netty {
        private final EventLoop one = new DefaultEventLoop();
        private final EventLoop other = new DefaultEventLoop();

        @TearDown
        public void tearDown() {
            one.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            other.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void nettySubmitAndAnswer(Netty netty) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(OUTSTANDING);
        for (int i = 0; i < OUTSTANDING; i++) {
            netty.one.execute(new NettyCaller(netty, CALLS / OUTSTANDING, done));
        }
        done.await();
    }

    private static final class NettyCaller implements Runnable {
        private final Netty netty;
        private final CountDownLatch done;
        private int left;

        NettyCaller(Netty netty, int calls, CountDownLatch done) {
            this.netty = netty;
            this.left = calls;
            this.done = done;
        }

        @Override
        public void run() {
            if (left-- == 0) {
                done.countDown();
                return;
            }
            netty.other.submit(() -> 1).addListener(answer -> netty.one.execute(this));
        }
    }
}
