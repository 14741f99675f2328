package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static io.solaster.engine.Engines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.config.MeshConfig;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.TestMessage;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Who asks whether a lane is writable is told of what the receiver has not run yet, wherever that waits. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class BackPressureTest {
    private static final int MARK = 32;

    private static Engine start(Transport transport) {
        return Engines.start(
                Changed.with(EngineConfig.defaults().withTransport(transport), "mesh", new MeshConfig(16, MARK)), 2);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void aGroupThatIsHeldBackStopsItsSendersAndNobodyElse(Transport transport) {
        try (Engine engine = start(transport)) {
            SchedulingGroup slow = engine.groups().create("slow", GroupConfig.ofShares(100).withRateLimit(10));
            Flood flood = new Flood(engine, slow, 10 * MARK, 0);
            engine.shard(0).execute(slow, flood);
            until("the sender waits", () -> engine.shard(0).stats().laneSaturations.get() > 0);

            // One group's backlog holds up no call of another, and no reply.
            assertThat(get(engine.submitTo(0, CallOptions.in(engine.groups().critical()), () -> calls(engine, 10_000)))
                    .orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(10_000);
            assertThat(get(engine.submitTo(1, CallOptions.in(engine.groups().critical()), () -> {
                Mesh mesh = engine.shard(1).mesh();
                return mesh.isWritable(0) && mesh.isWritable(0, slow);
            }))).isTrue();
            assertThat(flood.ran).hasValueLessThan(10 * MARK);

            slow.update(GroupConfig.ofShares(100).withRateLimit(1_000_000));
            until("all have run", () -> flood.ran.get() == 10 * MARK);
            assertThat(flood.peak).isEqualTo(MARK);
        }
    }

    /** Calls of shard 1, one after the other, on the shard that runs this. */
    private static CompletableFuture<Integer> calls(Engine engine, int count) {
        CompletableFuture<Integer> done = new CompletableFuture<>();
        new Runnable() {
            private int answers;

            @Override
            public void run() {
                engine.submitTo(1, () -> 1).thenAccept(one -> {
                    answers += one;
                    if (answers == count) {
                        done.complete(answers);
                    } else {
                        run();
                    }
                });
            }
        }.run();
        return done;
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void aReceiverThatIsBusyIsSentNoMoreThanItRuns(Transport transport) {
        try (Engine engine = start(transport)) {
            Flood flood = new Flood(engine, engine.groups().byDefault(), 5_000, 10_000);
            engine.shard(0).execute(flood);
            until("all have run", () -> flood.ran.get() == 5_000);
            assertThat(flood.peak).isLessThanOrEqualTo(MARK);
        }
    }

    /** Sends one-way messages from shard 0 to shard 1 while that is writable. */
    private static final class Flood implements Runnable {
        private final Engine engine;
        private final SchedulingGroup group;
        private final int count;
        private final long nanosEach;
        private final AtomicInteger ran = new AtomicInteger();
        private int sent;
        private volatile int peak;

        Flood(Engine engine, SchedulingGroup group, int count, long nanosEach) {
            this.engine = engine;
            this.group = group;
            this.count = count;
            this.nanosEach = nanosEach;
        }

        @Override
        public void run() {
            Mesh mesh = engine.shard(0).mesh();
            while (sent < count) {
                if (!mesh.isWritable(1)) {
                    mesh.whenWritable(1, this);
                    return;
                }
                mesh.send(1, new TestMessage(this::received));
                sent++;
                peak = Math.max(peak, sent - ran.get());
            }
        }

        private void received() {
            assertThat(Shard.current().currentGroup()).isSameAs(group);
            long end = System.nanoTime() + nanosEach;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            ran.incrementAndGet();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void twoShardsThatFloodEachOtherWithCallsBothGoOn(Transport transport) {
        EngineConfig config = Changed.with(EngineConfig.defaults().withTransport(transport), "mesh",
                new MeshConfig(2, 4));
        try (Engine engine = Engines.start(config, 2)) {
            List<Calls> floods = List.of(new Calls(engine, 0, 20_000), new Calls(engine, 1, 20_000));
            floods.forEach(each -> engine.shard(each.from).execute(each));
            floods.forEach(each -> assertThat(get(each.done)).isEqualTo(20_000));
            assertThat(engine.shard(0).stats().laneSaturations.get()).isPositive();
            assertThat(engine.shard(1).stats().laneSaturations.get()).isPositive();
        }
    }

    /** Calls the other shard as long as it is writable, however many answers are still to come. */
    private static final class Calls implements Runnable {
        private final Engine engine;
        private final int from;
        private final int count;
        private final CompletableFuture<Integer> done = new CompletableFuture<>();
        private int sent;
        private int answers;

        Calls(Engine engine, int from, int count) {
            this.engine = engine;
            this.from = from;
            this.count = count;
        }

        @Override
        public void run() {
            Mesh mesh = engine.shard(from).mesh();
            while (sent < count) {
                if (!mesh.isWritable(1 - from)) {
                    mesh.whenWritable(1 - from, this);
                    return;
                }
                sent++;
                engine.submitTo(1 - from, () -> 1).thenAccept(this::answered);
            }
        }

        private void answered(int one) {
            answers += one;
            if (answers == count) {
                done.complete(answers);
            }
        }
    }

    @Test
    void aCallThatIsRefusedGivesItsCreditBack() {
        try (Engine engine = start(Transport.NIO)) {
            // A group with a rate runs nothing at once.
            SchedulingGroup small = engine.groups().create("small",
                    GroupConfig.defaults().withRateLimit(1_000_000).withMaxQueued(1, WhenFull.REJECT));
            CountDownLatch release = new CountDownLatch(1);
            MeshTest.holdUp(engine.shard(1), release);
            List<ShardFuture<Integer>> calls = new ArrayList<>();
            assertThat(get(engine.submitTo(0, CallOptions.in(small), () -> {
                for (int i = 0; i < MARK; i++) {
                    calls.add(engine.submitTo(1, () -> 1));
                }
                return engine.shard(0).mesh().isWritable(1);
            }))).isFalse();
            release.countDown();
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> get(calls.get(MARK - 1)));
            for (ShardFuture<Integer> call : calls) {
                until("answered", call::isDone);
            }
            assertThat(get(engine.submitTo(0, () -> {
                Mesh mesh = engine.shard(0).mesh();
                // As many as at first.
                for (int i = 0; i < MARK - 1; i++) {
                    engine.submitTo(1, CallOptions.in(small), () -> 1);
                }
                return mesh.isWritable(1, small);
            }))).isTrue();
        }
    }

    @Test
    void aMessageTakesTheCreditsThatItIsSentWith() {
        try (Engine engine = start(Transport.NIO)) {
            CompletableFuture<String> resumed = new CompletableFuture<>();
            SchedulingGroup background = engine.groups().background();
            CountDownLatch release = new CountDownLatch(1);
            MeshTest.holdUp(engine.shard(1), release);
            engine.shard(0).execute(background, () -> {
                Mesh mesh = engine.shard(0).mesh();
                mesh.sendFree(1, new TestMessage(() -> {}));
                mesh.send(1, new TestMessage(() -> {}), MARK - 1);
                String before = mesh.isWritable(1) ? "writable, " : "full, ";
                mesh.send(1, new TestMessage(() -> {}), 1_000);
                String after = mesh.isWritable(1) ? "writable, " : "full, ";
                mesh.whenWritable(1, () -> resumed
                        .complete(before + after + "resumed in " + Shard.current().currentGroup()));
            });
            until("the sender waits", () -> engine.shard(0).stats().laneSaturations.get() > 0);
            assertThat(get(engine.submitTo(0, () -> engine.shard(0).mesh().isWritable(1)))).as("another group")
                    .isTrue();
            assertThat(resumed).isNotDone();
            release.countDown();
            assertThat(get(resumed)).isEqualTo("writable, full, resumed in background");
        }
    }

    /** What its peer leaves undone when the engine stops can never be given back. */
    @Test
    void whoWaitsWhenTheEngineStopsHearsOfIt() {
        Mesh[] meshes = Mesh.connect(new MeshConfig(16, MARK), new Runnable[]{() -> {}, () -> {}},
                new ShardStats[]{new ShardStats(), new ShardStats()}, new GroupScheduler[]{scheduler(), scheduler()});
        List<String> ends = new ArrayList<>();
        meshes[0].send(1, new TestMessage(() -> {}), MARK);
        meshes[0].whenWritable(1, new Abandonable() {
            @Override
            public void run() {
                ends.add("writable");
            }

            @Override
            public void abandon() {
                ends.add("abandoned");
            }
        });
        meshes[0].flush();
        meshes[0].receive();
        assertThat(ends).isEmpty();
        meshes[0].abandonAll();
        meshes[0].abandonAll();
        assertThat(ends).containsExactly("abandoned");
    }

    private static GroupScheduler scheduler() {
        return new GroupScheduler(new SchedulingGroups(Map.of()), 0, Duration.ofSeconds(1), System::nanoTime,
                new ShardStats(), null);
    }
}
