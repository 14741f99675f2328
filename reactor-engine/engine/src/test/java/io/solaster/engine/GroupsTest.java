package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static io.solaster.engine.Engines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Groups as code on shards sees them; how they share time is GroupSchedulerTest's. */
class GroupsTest {

    @Test
    void aGroupIsInheritedAcrossShardsAndBack() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup bulk = engine.groups().create("bulk", GroupConfig.defaults());
            List<String> seen = get(engine.submitTo(0, CallOptions.in(bulk), () -> {
                CompletableFuture<List<String>> done = new CompletableFuture<>();
                List<String> groups = new ArrayList<>(List.of(here()));
                engine.submitTo(1, () -> here()).thenAccept(there -> {
                    groups.add(there);
                    groups.add(here());
                    Shard.current().execute(() -> {
                        groups.add(here());
                        Shard.current().schedule(() -> {
                            groups.add(here());
                            done.complete(groups);
                        }, 1, TimeUnit.MICROSECONDS);
                    });
                });
                return done;
            }).thenCompose(done -> done));
            assertThat(seen).containsExactly("bulk", "bulk", "bulk", "bulk", "bulk");
            assertThat(get(engine.submitTo(0, () -> here()))).isEqualTo("default");
        }
    }

    @Test
    void aForkRunsInTheGroupThatIsNamed() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            assertThat(get(engine.shard(1).fork(engine.groups().background(),
                    () -> Shard.current().currentGroup().name()).future())).isEqualTo("background");
        }
    }

    @Test
    void whatComesFromOutsideRunsInTheDefaultGroup() throws Exception {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            CompletableFuture<String> plain = new CompletableFuture<>();
            engine.shard(0).execute(() -> plain.complete(here()));
            CompletableFuture<String> named = new CompletableFuture<>();
            engine.shard(0).execute(engine.groups().background(), () -> named.complete(here()));
            assertThat(get(plain)).isEqualTo("default");
            assertThat(get(named)).isEqualTo("background");
        }
    }

    @Test
    void aFutureCompletesInTheGroupOfWhoWaits() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            CompletableFuture<String> done = engine.submitTo(0, CallOptions.in(engine.groups().critical()), () -> {
                ShardFuture<String> future = Shard.current().newFuture();
                Shard.current().execute(engine.groups().background(), () -> future.resolve("done"));
                return future.thenApply(how -> how + " in " + here());
            }).thenCompose(future -> future);
            assertThat(get(done)).isEqualTo("done in critical");
        }
    }

    @ParameterizedTest
    @EnumSource(value = Transport.class, names = {"NIO", "EPOLL", "IO_URING"})
    void connectionsRunInTheGroupOfTheirServer(Transport transport) throws Exception {
        EngineConfig config = EngineConfig.defaults().withTransport(transport)
                .withGroups(Map.of("web", GroupConfig.ofShares(300)));
        try (Engine engine = Engines.start(config, 2);
                TcpServer web = TcpServer.bind(engine, "web", ServerConfig.of("who", 0).withGroup("web"),
                        (shard, channel) -> channel.pipeline().addLast(new Who()));
                TcpServer admin = TcpServer.bind(engine, "admin", ServerConfig.of("who", 0).withGroup("maintenance"),
                        (shard, channel) -> channel.pipeline().addLast(new Who()))) {
            for (int i = 0; i < 8; i++) {
                assertThat(ask(web)).isEqualTo("web");
                assertThat(ask(admin)).isEqualTo("maintenance");
            }
        }
    }

    private static String ask(TcpServer server) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write('?');
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private static final class Who extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf message) {
            ctx.writeAndFlush(ctx.alloc().buffer().writeBytes(here().getBytes(StandardCharsets.US_ASCII)))
                    .addListener(end -> ctx.close());
        }
    }

    @Test
    void aServerNeedsAGroupThatExists() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TcpServer.bind(engine, "web", ServerConfig.of("who", 0).withGroup("wob"),
                            (shard, channel) -> {}))
                    .withMessageContaining("'wob'; there are [critical, default, background, maintenance]");
        }
    }

    @Test
    void aFullGroupRefusesCallsFromAnywhere() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup small = engine.groups().create("small",
                    GroupConfig.defaults().withMaxQueued(1, WhenFull.REJECT));
            CountDownLatch release = new CountDownLatch(1);
            MeshTest.holdUp(engine.shard(1), release);
            List<ShardFuture<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                calls.add(engine.submitTo(1, CallOptions.in(small), () -> 1));
            }
            release.countDown();
            assertThat(get(calls.get(0))).isEqualTo(1);
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> get(calls.get(2)))
                    .withMessageContaining("solaster.engine.groups.small.max-queued: 1 tasks wait on shard 1 already");
        }
    }

    @Test
    void aCallThatIsLateFailsAndIsNotBegun() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            CountDownLatch release = new CountDownLatch(1);
            AtomicInteger begun = new AtomicInteger();
            // What is blocked for sure begins nothing.
            CountDownLatch blocked = new CountDownLatch(1);
            engine.shard(1).execute(() -> {
                blocked.countDown();
                await(release);
            });
            await(blocked);
            Duration soon = Duration.ofMillis(5);
            ShardFuture<Integer> outside = engine.submitTo(1, CallOptions.within(soon), begun::incrementAndGet);
            CompletableFuture<Integer> inside = engine.submitTo(0,
                    () -> engine.submitTo(1, CallOptions.within(soon), begun::incrementAndGet))
                    .thenCompose(answer -> answer);
            for (CompletableFuture<Integer> late : List.of(outside, inside)) {
                assertThatThrownBy(() -> late.get(60, TimeUnit.SECONDS)).hasRootCauseInstanceOf(TimeoutException.class)
                        .hasRootCauseMessage("a call to shard 1 was not answered within PT0.005S");
            }
            release.countDown();
            assertThat(get(engine.submitTo(1, () -> true))).isTrue();
            assertThat(begun).hasValue(0);
        }
    }

    @Test
    void aCancelledCallIsNotBegun() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            CountDownLatch release = new CountDownLatch(1);
            AtomicInteger begun = new AtomicInteger();
            // What is blocked for sure begins nothing.
            CountDownLatch blocked = new CountDownLatch(1);
            engine.shard(1).execute(() -> {
                blocked.countDown();
                await(release);
            });
            await(blocked);
            ShardFuture<Integer> call = engine.submitTo(1, begun::incrementAndGet);
            assertThat(call.cancel(false)).isTrue();
            release.countDown();
            assertThat(get(engine.submitTo(1, () -> true))).isTrue();
            assertThat(begun).hasValue(0);
        }
    }

    @Test
    void aFailureNamesTheShardAndKeepsItsStack() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            IllegalStateException failure = get(engine.submitTo(0, () -> engine.submitTo(1, GroupsTest::fail)
                    .handle((result, thrown) -> (IllegalStateException) thrown)).thenCompose(answer -> answer));
            assertThat(failure).hasMessage("on purpose");
            assertThat(failure.getStackTrace()[0].getMethodName()).isEqualTo("fail");
            assertThat(failure.getSuppressed()).singleElement().isInstanceOfSatisfying(CalledShard.class,
                    called -> assertThat(called.shard()).isEqualTo(1))
                    .hasToString("io.solaster.engine.CalledShard: thrown on shard 1, called by shard 0");
        }
    }

    private static int fail() {
        throw new IllegalStateException("on purpose");
    }

    @Test
    void permitsBoundTheCallsUnderWay() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup narrow = engine.groups().create("narrow",
                    GroupConfig.defaults().withMeshPermits(3).withQueueTimeout(Duration.ofMinutes(1)));
            int calls = 1_000;
            List<Integer> answers = get(engine.submitTo(0, CallOptions.in(narrow), () -> {
                List<Integer> got = new ArrayList<>();
                CompletableFuture<List<Integer>> all = new CompletableFuture<>();
                for (int i = 0; i < calls; i++) {
                    int number = i;
                    engine.submitTo(1, () -> number).thenAccept(answer -> {
                        got.add(answer);
                        if (got.size() == calls) {
                            all.complete(got);
                        }
                    });
                }
                // What was sent before the first answer comes.
                engine.shard(0).mesh().flush();
                assertThat(engine.shard(0).stats().messagesSent.get()).isLessThanOrEqualTo(3);
                return all;
            }).thenCompose(all -> all));
            assertThat(answers).doesNotHaveDuplicates().hasSize(calls);
            if (!Engines.areShuffled()) {
                assertThat(answers).isSorted();
            }
            assertThat(engine.shard(0).stats().permitWaits.get()).isEqualTo(calls - 3);
        }
    }

    @Test
    void whoGetsNoPermitInTimeFailsAndTheRestGoesOn() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup narrow = engine.groups().create("narrow",
                    GroupConfig.defaults().withMeshPermits(1).withQueueTimeout(Duration.ofMillis(5)));
            CountDownLatch release = new CountDownLatch(1);
            MeshTest.holdUp(engine.shard(1), release);
            List<CompletableFuture<Integer>> calls = get(engine.submitTo(0, CallOptions.in(narrow),
                    () -> List.of(engine.submitTo(1, () -> 1), engine.submitTo(1, () -> 2))));
            assertThatThrownBy(() -> calls.get(1).get(60, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(TimeoutException.class)
                    .hasRootCauseMessage("solaster.engine.groups.narrow.mesh-permits: none of 1 to shard 1 was free"
                            + " within PT0.005S");
            release.countDown();
            assertThat(get(calls.get(0))).isEqualTo(1);
            CompletableFuture<Integer> next = engine
                    .submitTo(0, CallOptions.in(narrow), () -> engine.submitTo(1, () -> 3))
                    .thenCompose(answer -> answer);
            assertThat(get(next)).isEqualTo(3);
            assertThat(engine.shard(0).stats().permitTimeouts.get()).isEqualTo(1);
        }
    }

    @Test
    void aCallThatIsCancelledWhileItWaitsForRoomGivesItsPermitBack() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup slow = engine.groups().create("slow", GroupConfig.defaults().withRateLimit(10)
                    .withMaxQueued(1, WhenFull.WAIT).withQueueTimeout(Duration.ofMinutes(1)).withMeshPermits(3));
            List<CompletableFuture<Integer>> calls = get(engine.submitTo(0, () -> threeCalls(engine, slow)));
            get(calls.get(0));
            calls.get(2).cancel(true);
            get(calls.get(1));
            until("three calls at once find three permits", () -> {
                long waits = engine.shard(0).stats().permitWaits.get();
                get(engine.submitTo(0, () -> threeCalls(engine, slow))).forEach(Engines::get);
                return engine.shard(0).stats().permitWaits.get() == waits;
            });
        }
    }

    private static List<CompletableFuture<Integer>> threeCalls(Engine engine, SchedulingGroup group) {
        List<CompletableFuture<Integer>> calls = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            calls.add(engine.submitTo(1, CallOptions.in(group), () -> 1));
        }
        return calls;
    }

    @Test
    void callsThatWaitForAPermitFailAtShutdown() {
        CountDownLatch release = new CountDownLatch(1);
        List<CompletableFuture<Integer>> calls;
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            SchedulingGroup narrow = engine.groups().create("narrow",
                    GroupConfig.defaults().withMeshPermits(1).withQueueTimeout(Duration.ofHours(1)));
            calls = get(engine.submitTo(0, CallOptions.in(narrow), () -> {
                List<CompletableFuture<Integer>> made = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    int number = i;
                    made.add(engine.submitTo(1, () -> number));
                }
                return made;
            }));
            release.countDown();
        }
        assertThat(calls).allMatch(CompletableFuture::isDone);
    }

    @Test
    void aLongLoopYieldsToItsOwnGroupAndToOthers() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            CompletableFuture<Integer> turns = new CompletableFuture<>();
            AtomicInteger others = new AtomicInteger();
            engine.shard(0).execute(engine.groups().background(), new Runnable() {
                private int yields;

                @Override
                public void run() {
                    if (others.get() >= 3) {
                        turns.complete(yields);
                        return;
                    }
                    while (!Shard.needPreempt()) {
                        Thread.onSpinWait();
                    }
                    yields++;
                    Shard.yield().thenRun(this);
                }
            });
            for (int i = 0; i < 3; i++) {
                get(engine.submitTo(0, others::incrementAndGet));
            }
            assertThat(get(turns)).isPositive();
        }
    }

    private static String here() {
        return java.util.Objects.requireNonNull(Shard.current()).currentGroup().name();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
