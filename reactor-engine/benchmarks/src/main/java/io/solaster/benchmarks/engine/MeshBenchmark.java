package io.solaster.benchmarks.engine;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SelectStrategy;
import io.netty.channel.epoll.EpollIoHandler;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.IdleConfig;
import io.solaster.config.MeshConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.mesh.RoundTrip;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.transport.TransportChoice;
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
    private static final int CALLS_ALONE = 4_000;
    private static final int LINES = 20_000;

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
            Arrays.setAll(messages, i -> new Delivered());
            // A turn that never ends, so that what is received runs at once.
            scheduler.begin(0);
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
        ends.meshes[1].receive();
        return ends.delivered;
    }

    /** Two shards that run, each on a CPU of its own where the machine allows it. */
    @State(Scope.Benchmark)
    public static class Two {
        /** Spinning shards never sleep here; parking ones do whenever the other has nothing for them. */
        @Param({"SPIN", "PARK"})
        IdleConfig.Policy idle = IdleConfig.Policy.PARK;

        @Param("AUTO")
        Transport transport = Transport.AUTO;

        /** For how many microseconds a shard that parks looks out for the next word first. */
        @Param("50")
        int linger = 50;

        private @Nullable Engine running;

        @Setup
        public void setUp() {
            running = Engine.start(EngineConfig.defaults().withShards(2).withTransport(transport)
                    .withIdle(new IdleConfig(idle, Duration.ofMillis(1), Duration.ofNanos(linger * 1000L))));
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
        submitTo(two.engine(), OUTSTANDING, CALLS);
    }

    /** To a shard that has gone to sleep, where shards park. */
    @Benchmark
    @OperationsPerInvocation(CALLS_ALONE)
    public void oneSubmitToAndAnswer(Two two) throws InterruptedException {
        submitTo(two.engine(), 1, CALLS_ALONE);
    }

    /**
     * One cache line to the other shard's CPU and back, by bare loads and stores: what each call pays several times. On a
     * virtual machine its price changes with where the host has put the CPUs.
     */
    @Benchmark
    @OperationsPerInvocation(LINES)
    public void cacheLineThereAndBack(Two two) throws InterruptedException {
        AtomicLongArray lines = new AtomicLongArray(256);
        CountDownLatch done = new CountDownLatch(1);
        two.engine().shard(1).execute(() -> bounce(lines, 64, 128, 0));
        two.engine().shard(0).execute(() -> {
            lines.set(64, 1);
            bounce(lines, 128, 64, 1);
            done.countDown();
        });
        done.await();
    }

    /** Answers each number with that plus a step, on a line of its own. */
    private static void bounce(AtomicLongArray lines, int from, int to, int step) {
        for (long number = 1; number <= LINES; number++) {
            while (lines.get(from) != number) {
                Thread.onSpinWait();
            }
            lines.set(to, number + step);
        }
    }

    private static void submitTo(Engine engine, int outstanding, int calls) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(outstanding);
        engine.shard(0).execute(() -> {
            for (int i = 0; i < outstanding; i++) {
                new Caller(engine, calls / outstanding, done).next(0);
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
    public void roundTrip(Two two) throws InterruptedException {
        roundTrips(two.engine().shard(0), OUTSTANDING, CALLS);
    }

    /** To a shard that has gone to sleep, where shards park. */
    @Benchmark
    @OperationsPerInvocation(CALLS_ALONE)
    public void oneRoundTrip(Two two) throws InterruptedException {
        roundTrips(two.engine().shard(0), 1, CALLS_ALONE);
    }

    private static void roundTrips(Shard home, int outstanding, int trips) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(outstanding);
        home.execute(() -> {
            for (int i = 0; i < outstanding; i++) {
                new Traveller(home.mesh(), trips / outstanding, done).answered();
            }
        });
        done.await();
    }

    /** One object that goes there and back. */
    private static final class Traveller extends RoundTrip {
        private final Mesh home;
        private final CountDownLatch done;
        private int left;
        private int served;

        Traveller(Mesh home, int trips, CountDownLatch done) {
            this.home = home;
            this.left = trips;
            this.done = done;
        }

        @Override
        protected void serve() {
            served++;
        }

        @Override
        protected void answered() {
            if (left-- == 0) {
                done.countDown();
            } else {
                send(home, 1);
            }
        }

        @Override
        protected void failed(Throwable cause) {
            throw new IllegalStateException("after " + served + " trips", cause);
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
        /** More than may be under way. */
        private final Counted[] messages = new Counted[1 << 13];
        private int sent;
        /** In the middle, on a cache line that only the receiver touches. */
        private final int[] received = new int[64];

        Sender(Shard shard, CountDownLatch done) {
            this.shard = shard;
            this.done = done;
            Arrays.setAll(messages, i -> new Counted());
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
                if (++received[32] == CALLS) {
                    done.countDown();
                }
            }
        }
    }

    /** Netty's own loops over the same transport and on the same CPUs, which queue each task and wake for it. */
    @State(Scope.Benchmark)
    public static class Netty {
        /** To spin is an option of Netty's epoll alone; over others its loops sleep. */
        @Param({"SPIN", "PARK"})
        IdleConfig.Policy idle = IdleConfig.Policy.PARK;

        @Param("AUTO")
        Transport transport = Transport.AUTO;

        private @Nullable EventLoopGroup group;
        private @Nullable EventLoop one;
        private @Nullable EventLoop other;

        @Setup
        public void setUp() {
            TransportChoice choice = TransportChoice.choose(transport);
            boolean spins = idle == IdleConfig.Policy.SPIN && choice.kind() == Transport.EPOLL;
            EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, spins
                    ? EpollIoHandler.newFactory(0, () -> (now, hasTasks) -> SelectStrategy.BUSY_WAIT)
                    : choice.ioHandlers());
            group = loops;
            one = loops.next();
            other = loops.next();
            one.submit(() -> ShardCpus.pin(0)).syncUninterruptibly();
            other.submit(() -> ShardCpus.pin(1)).syncUninterruptibly();
        }

        EventLoop one() {
            return Objects.requireNonNull(one);
        }

        EventLoop other() {
            return Objects.requireNonNull(other);
        }

        @TearDown
        public void tearDown() {
            Objects.requireNonNull(group).shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void nettySubmitAndAnswer(Netty netty) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(OUTSTANDING);
        netty.one().execute(() -> {
            for (int i = 0; i < OUTSTANDING; i++) {
                new NettyCaller(netty.one(), netty.other(), CALLS / OUTSTANDING, done).run();
            }
        });
        done.await();
    }

    private static final class NettyCaller implements Runnable {
        private final EventLoop one;
        private final EventLoop other;
        private final CountDownLatch done;
        private int left;

        NettyCaller(EventLoop one, EventLoop other, int calls, CountDownLatch done) {
            this.one = one;
            this.other = other;
            this.left = calls;
            this.done = done;
        }

        @Override
        public void run() {
            if (left-- == 0) {
                done.countDown();
                return;
            }
            other.submit(() -> 1).addListener(answer -> one.execute(this));
        }
    }
}
