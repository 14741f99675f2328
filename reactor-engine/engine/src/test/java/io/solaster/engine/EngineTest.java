package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.IdleConfig;
import io.solaster.config.InvalidConfigException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class EngineTest {

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void leavesNoThreadBehind(Transport transport) {
        Engine engine = Engines.start(transport, 2);
        assertThat(engine.transport().kind()).isEqualTo(transport);
        assertThat(Engines.threads(engine.name() + "-shard-")).hasSize(2).noneMatch(Thread::isDaemon);
        assertThat(Engines.threads(engine.name() + "-offload-")).hasSize(3 * engine.config().offload().threads());
        engine.close();
        Engines.until("all threads gone",
                () -> Engines.threads(engine.name() + "-").isEmpty());
        engine.close();
        assertThat(engine.shard(0).cpuNanos()).isZero();
    }

    @Test
    void stopsInTheReverseOrderAndThroughErrors() {
        Engine engine = Engines.start(Transport.NIO, 2);
        List<Integer> steps = new CopyOnWriteArrayList<>();
        engine.onStop(() -> steps.add(Engines.get(engine.submitTo(1, () -> 1))));
        engine.onStop(() -> {
            throw new NoClassDefFoundError("on purpose");
        });
        engine.onStop(() -> {
            engine.close();
            steps.add(2);
        });
        engine.close();
        assertThat(steps).containsExactly(2, 1);
        assertThat(engine.isStopping()).isTrue();
        assertThatIllegalStateException().isThrownBy(() -> engine.onStop(() -> {}))
                .withMessageContaining("engine '" + engine.name() + "' is stopping");
    }

    @Test
    void aSecondCloseWaitsForTheFirst() throws Exception {
        Engine engine = Engines.start(Transport.NIO, 1);
        CountDownLatch inStep = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        engine.onStop(() -> {
            inStep.countDown();
            MeshTest.await(release);
        });
        Thread first = Thread.ofPlatform().start(engine::close);
        inStep.await();
        CompletableFuture<Boolean> second = new CompletableFuture<>();
        Thread waiting = Thread.ofPlatform().start(() -> {
            engine.close();
            second.complete(engine.shard(0).isTerminated());
        });
        Engines.until("the second waits", () -> waiting.getState() == Thread.State.TIMED_WAITING);
        assertThat(second).isNotDone();
        release.countDown();
        assertThat(Engines.get(second)).isTrue();
        first.join();
    }

    @Test
    void twoEnginesLiveInOneProcess() {
        try (Engine one = Engines.start(Transport.NIO, 2); Engine two = Engines.start(Transport.NIO, 2)) {
            assertThat(one.name()).isNotEqualTo(two.name()).startsWith("solaster");
            one.close();
            assertThat(Engines.get(two.submitToAll(Shard::id))).containsExactly(0, 1);
        }
    }

    @Test
    void anEngineThatCannotStartLeavesNothing() {
        int before = Engines.threads("solaster").size();
        EngineConfig tooMany = EngineConfig.defaults().withShards(4096);
        assertThatExceptionOfType(InvalidConfigException.class).isThrownBy(() -> Engine.start(tooMany))
                .withMessageContaining("4096");
        EngineConfig nothing = Changed.with(EngineConfig.defaults().withTransport(Transport.NIO), "offload",
                io.solaster.config.OffloadConfig.of(1, 0));
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> Engines.start(nothing, 1));
        Engines.until("all threads gone", () -> Engines.threads("solaster").size() <= before);
    }

    @Test
    void nobodyButTheEngineStopsTheShards() throws Exception {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            engine.eventLoopGroup().shutdownGracefully(0, 0, TimeUnit.SECONDS);
            engine.eventLoopGroup().shutdownGracefully();
            engine.eventLoopGroup().shutdownNow();
            engine.eventLoopGroup().close();
            EventLoop loop = engine.eventLoopGroup().next();
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            loop.shutdownNow();
            loop.close();
            assertThat(Engines.get(engine.submitToAll(Shard::id))).containsExactly(0, 1);
            assertThat(engine.eventLoopGroup().isShuttingDown()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void plainNettyRunsOnTheShards(Transport transport) {
        try (Engine engine = Engines.start(transport, 2)) {
            Class<? extends ServerSocketChannel> server = switch (transport) {
                case IO_URING -> IoUringServerSocketChannel.class;
                case EPOLL -> EpollServerSocketChannel.class;
                default -> NioServerSocketChannel.class;
            };
            Class<? extends SocketChannel> client = switch (transport) {
                case IO_URING -> IoUringSocketChannel.class;
                case EPOLL -> EpollSocketChannel.class;
                default -> NioSocketChannel.class;
            };
            Channel listening = new ServerBootstrap().group(engine.eventLoopGroup()).channel(server)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                                @Override
                                public void channelRead(ChannelHandlerContext ctx, Object message) {
                                    assertThat(ctx.channel().eventLoop()).isSameAs(Shard.current());
                                    ctx.writeAndFlush(message);
                                }
                            });
                        }
                    }).bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
            CompletableFuture<String> answer = new CompletableFuture<>();
            Channel connection = new Bootstrap().group(engine.eventLoopGroup()).channel(client)
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            ByteBuf bytes = (ByteBuf) message;
                            answer.complete(Shard.current().engineName() + bytes.toString(StandardCharsets.US_ASCII));
                            bytes.release();
                        }
                    }).connect((InetSocketAddress) listening.localAddress()).syncUninterruptibly().channel();
            connection.writeAndFlush(Unpooled.copiedBuffer("!", StandardCharsets.US_ASCII));
            assertThat(Engines.get(answer)).isEqualTo(engine.name() + "!");
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void timersFireFromInsideAndOutsideOnAShardThatSleeps(Transport transport) throws Exception {
        try (Engine engine = Engines.start(transport, 1)) {
            Shard shard = engine.shard(0);
            Engines.until("asleep", shard::isParked);
            assertThat(shard.schedule(Shard::current, 5, TimeUnit.MILLISECONDS).get(60, TimeUnit.SECONDS))
                    .isSameAs(shard);
            CompletableFuture<Shard> inside = new CompletableFuture<>();
            shard.execute(
                    () -> shard.schedule(() -> inside.complete(Shard.current()), 5, TimeUnit.MILLISECONDS));
            assertThat(Engines.get(inside)).isSameAs(shard);
            assertThat(shard.schedule(() -> 1, 1, TimeUnit.HOURS).cancel(false)).isTrue();
            AtomicInteger ticks = new AtomicInteger();
            io.netty.util.concurrent.Future<?> ticking = shard.scheduleAtFixedRate(ticks::incrementAndGet, 1, 1,
                    TimeUnit.MILLISECONDS);
            Engines.until("ten ticks", () -> ticks.get() >= 10);
            ticking.cancel(false);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void anIdleEngineTakesNoCpu(Transport transport) {
        try (Engine engine = Engines.start(transport, 2)) {
            Engines.until("all asleep", () -> engine.shards().stream().allMatch(Shard::isParked));
            // What is left of its start may come late on a busy machine; an engine that is never idle fails all the same.
            Engines.until("half a second took no CPU", () -> {
                long cpu = engine.shards().stream().mapToLong(Shard::cpuNanos).sum();
                long turns = turns(engine);
                long begin = System.nanoTime();
                java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
                long used = engine.shards().stream().mapToLong(Shard::cpuNanos).sum() - cpu;
                return used < (System.nanoTime() - begin) / 50 && turns(engine) - turns <= 4;
            });
        }
    }

    private static long turns(Engine engine) {
        return engine.shards().stream().mapToLong(shard -> shard.stats().turns.get()).sum();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void spinsAWhileAndThenSleepsWhereThePolicyIsToSpin(Transport transport) {
        IdleConfig idle = Changed.with(IdleConfig.defaults(), "policy", IdleConfig.Policy.SPIN, "spinFor",
                Duration.ofMillis(20));
        try (Engine engine = Engines.start(EngineConfig.defaults().withTransport(transport).withIdle(idle), 1)) {
            assertThat(engine.plan().spin()).isTrue();
            Shard shard = engine.shard(0);
            Engines.until("asleep", shard::isParked);
            // A busy machine may take the CPU away for as long as the shard would spin.
            Engines.until("it spins before it sleeps again", () -> {
                long turns = shard.stats().turns.get();
                Engines.get(engine.submitTo(0, () -> 1));
                Engines.until("asleep again", shard::isParked);
                return shard.stats().turns.get() > turns + 5;
            });
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void lingersWhileAPeerGoesOnTalkingAndSleepsAfterwards(Transport transport) {
        IdleConfig idle = Changed.with(IdleConfig.defaults(), "lingerFor", Duration.ofMillis(300));
        try (Engine engine = Engines.start(EngineConfig.defaults().withTransport(transport).withIdle(idle), 2)) {
            int trips = 4_000;
            CompletableFuture<Integer> back = new CompletableFuture<>();
            engine.shard(0).execute(() -> again(engine, trips, back));
            assertThat(Engines.get(back)).isZero();
            long parks = engine.shards().stream().mapToLong(shard -> shard.stats().parks.get()).sum();
            assertThat(parks).as("sleeps in %d round trips", trips).isLessThan(trips / 2);
            Engines.until("both asleep", () -> engine.shards().stream().allMatch(Shard::isParked));
        }
    }

    private static void again(Engine engine, int left, CompletableFuture<Integer> back) {
        if (left == 0) {
            back.complete(left);
        } else {
            engine.submitTo(1, () -> left - 1).thenAccept(rest -> again(engine, rest, back));
        }
    }

    /** It takes as long as a shard is waited for. */
    @Test
    @Tag("full")
    void aShardThatIsStuckDoesNotKeepTheEngineFromStopping() {
        Engine engine = Engines.start(Transport.NIO, 2);
        CountDownLatch release = new CountDownLatch(1);
        MeshTest.holdUp(engine.shard(1), release);
        CompletableFuture<ShardFuture<Integer>> call = new CompletableFuture<>();
        engine.shard(0).execute(() -> call.complete(engine.submitTo(1, () -> 1)));
        ShardFuture<Integer> pending = Engines.get(call);
        engine.close();
        assertThat(pending).isNotDone();
        release.countDown();
        Engines.until("the call ends with the shard", pending::isDone);
    }
}
