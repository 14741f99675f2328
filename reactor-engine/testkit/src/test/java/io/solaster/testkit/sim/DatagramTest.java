package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.UnixChannelOption;
import io.solaster.config.EngineConfig;
import io.solaster.engine.Shard;
import io.solaster.testkit.chaos.Chaos;
import org.junit.jupiter.api.Test;

/** Datagrams on simulated machines, and each fault by its effect. */
final class DatagramTest {
    private static final EngineConfig ONE = EngineConfig.defaults().withShards(1);
    private static final int PORT = 9000;
    private static final int MANY = 100;
    private static final Duration SOON = Duration.ofMillis(100);

    /** A UDP socket that keeps what it receives: the size of each and where it came from. */
    private static final class Udp extends SimpleChannelInboundHandler<DatagramPacket> {
        final List<Integer> sizes = new ArrayList<>();
        final List<InetSocketAddress> senders = new ArrayList<>();
        final List<Throwable> failures = new ArrayList<>();
        private final Simulation sim;
        private final Shard shard;
        private final Channel channel;

        Udp(Simulation sim, Machine machine) {
            this.sim = sim;
            shard = machine.engine().shard(0);
            channel = machine.engine().transport().datagramChannels().get();
            channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1 << 16));
            channel.pipeline().addLast(this);
            await(shard.register(channel));
        }

        Udp bind(int port) {
            await(channel.bind(new InetSocketAddress("0.0.0.0", port)));
            return this;
        }

        Udp connect(InetSocketAddress to) {
            await(channel.connect(to));
            return this;
        }

        private void await(ChannelFuture done) {
            CompletableFuture<Boolean> result = new CompletableFuture<>();
            done.addListener((ChannelFutureListener) each -> {
                if (each.isSuccess()) {
                    result.complete(true);
                } else {
                    result.completeExceptionally(each.cause());
                }
            });
            sim.await(result);
        }

        InetSocketAddress address() {
            return (InetSocketAddress) channel.localAddress();
        }

        void send(InetSocketAddress to, int size) {
            await(channel.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(new byte[size]), to)));
        }

        void send(int size) {
            await(channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[size])));
        }

        /** By the size, so that each is told from the others. */
        void sendMany(InetSocketAddress to) {
            for (int size = 1; size <= MANY; size++) {
                send(to, size);
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            sizes.add(packet.content().readableBytes());
            senders.add(packet.sender());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            failures.add(failure);
        }
    }

    /** Two machines with a socket each. */
    private static final class Pair {
        final Simulation sim;
        final Machine server;
        final Machine client;
        final Udp receiver;
        final Udp sender;
        final InetSocketAddress to;

        Pair(Simulation sim) {
            this.sim = sim;
            server = sim.machine("server");
            client = sim.machine("client");
            server.start(ONE);
            client.start(ONE);
            receiver = new Udp(sim, server).bind(PORT);
            sender = new Udp(sim, client).bind(0);
            to = server.address(PORT);
        }

        Link there() {
            return sim.network().link(client, server);
        }
    }

    private interface Check {
        void run(Pair pair) throws Exception;
    }

    private static void each(Check check) {
        for (long seed = 0; seed < 5; seed++) {
            Simulation.run(seed, sim -> check.run(new Pair(sim)));
        }
    }

    private static List<Integer> all() {
        return IntStream.rangeClosed(1, MANY).boxed().toList();
    }

    @Test
    void allArriveAndTheirSenderIsKnown() {
        each(pair -> {
            pair.sender.sendMany(pair.to);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).containsExactlyInAnyOrderElementsOf(all());
            assertThat(pair.receiver.senders).containsOnly(pair.sender.address());
            pair.receiver.send(pair.sender.address(), 0);
            pair.sim.sleep(SOON);
            assertThat(pair.sender.sizes).containsExactly(0);
        });
    }

    @Test
    void aConnectedOneHearsFromItsPeerAlone() {
        each(pair -> {
            Udp connected = new Udp(pair.sim, pair.client).connect(pair.to);
            connected.send(7);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.senders).containsExactly(connected.address());
            new Udp(pair.sim, pair.server).bind(0).send(connected.address(), 8);
            pair.receiver.send(connected.address(), 9);
            pair.sim.sleep(SOON);
            assertThat(connected.sizes).containsExactly(9);
            connected.await(connected.channel.disconnect());
            new Udp(pair.sim, pair.server).bind(0).send(connected.address(), 10);
            pair.sim.sleep(SOON);
            assertThat(connected.sizes).containsExactly(9, 10);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> connected.send(1))
                    .withCauseInstanceOf(NotYetConnectedException.class);
        });
    }

    @Test
    void someAreLost() {
        each(pair -> {
            pair.there().loss(0.3);
            pair.sender.sendMany(pair.to);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).hasSizeBetween(1, MANY - 1).doesNotHaveDuplicates();
            assertThat(pair.there().lost()).isEqualTo(MANY - pair.receiver.sizes.size());
        });
    }

    @Test
    void longOnesAreLostMoreOften() {
        each(pair -> {
            pair.there().loss(0.1);
            for (int i = 0; i < MANY; i++) {
                pair.sender.send(pair.to, 1);
                pair.sender.send(pair.to, 30_000);
                pair.sim.sleep(SOON);
            }
            assertThat(pair.receiver.sizes.stream().filter(size -> size == 1).count())
                    .isGreaterThan(2 * pair.receiver.sizes.stream().filter(size -> size > 1).count());
        });
    }

    @Test
    void someArriveTwice() {
        each(pair -> {
            pair.there().doubles(0.3);
            pair.sender.sendMany(pair.to);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).hasSize(MANY + (int) pair.there().doubled())
                    .containsAll(all());
            assertThat(pair.there().doubled()).isBetween(1L, (long) MANY - 1);
        });
    }

    @Test
    void theyOvertakeEachOther() {
        each(pair -> {
            pair.there().delay(Duration.ZERO, Duration.ofMillis(20));
            pair.sender.sendMany(pair.to);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).containsExactlyInAnyOrderElementsOf(all()).isNotEqualTo(all());
        });
    }

    @Test
    void theyAreDelayed() {
        each(pair -> {
            pair.there().delay(Duration.ofSeconds(3), Duration.ofSeconds(3));
            pair.sender.send(pair.to, 1);
            pair.sim.sleep(Duration.ofMillis(2_990));
            assertThat(pair.receiver.sizes).isEmpty();
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).hasSize(1);
        });
    }

    @Test
    void aNarrowLinkLosesWhatWouldWaitTooLong() {
        each(pair -> {
            pair.there().bandwidth(10_000);
            for (int i = 0; i < MANY; i++) {
                pair.sender.send(pair.to, 972);
            }
            pair.sim.sleep(Duration.ofMinutes(1));
            // One takes a tenth of a second, and a second's worth of them waits.
            assertThat(pair.receiver.sizes).hasSizeBetween(10, 20);
            assertThat(pair.there().lost()).isEqualTo(MANY - pair.receiver.sizes.size());
        });
    }

    @Test
    void aPartitionLosesThemForGood() {
        each(pair -> {
            pair.sim.network().partition(pair.client, pair.server);
            pair.sender.send(pair.to, 1);
            pair.sim.sleep(SOON);
            pair.sim.network().heal();
            pair.there().delay(SOON, SOON);
            pair.sender.send(pair.to, 2);
            // What is on its way when the cut comes is lost, too.
            pair.there().cut();
            pair.sim.sleep(Duration.ofMinutes(1));
            assertThat(pair.receiver.sizes).isEmpty();
            assertThat(pair.there().lost()).isEqualTo(2);
            pair.sim.network().heal();
            pair.sender.send(pair.to, 3);
            pair.sim.sleep(Duration.ofMinutes(1));
            assertThat(pair.receiver.sizes).containsExactly(3);
        });
    }

    @Test
    void whatIsTooLongIsRefusedOrLost() {
        each(pair -> {
            pair.sender.send(pair.to, 65_507);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sender.send(pair.to, 65_508))
                    .withCauseInstanceOf(IOException.class).withMessageContaining("too long: 65508");
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).containsExactly(65_507);
            pair.there().largestDatagram(1_400);
            pair.sender.send(pair.to, 1_400);
            pair.sender.send(pair.to, 1_401);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).containsExactly(65_507, 1_400);
            Udp small = new Udp(pair.sim, pair.client);
            small.channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(100));
            pair.sender.send(small.bind(0).address(), 1_000);
            pair.sim.sleep(SOON);
            assertThat(small.sizes).containsExactly(100);
        });
    }

    @Test
    void aReceiverThatDoesNotReadLosesWhatItsBufferDoesNotHold() {
        each(pair -> {
            pair.receiver.channel.config().setOption(ChannelOption.SO_RCVBUF, 50_000);
            pair.receiver.channel.config().setAutoRead(false);
            for (int i = 0; i < MANY; i++) {
                pair.sender.send(pair.to, 1_000);
            }
            pair.sim.sleep(SOON);
            assertThat(pair.server.overflowed()).isBetween(50L, 70L);
            int before = pair.receiver.sizes.size();
            pair.receiver.channel.config().setAutoRead(true);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes).hasSize(MANY - (int) pair.server.overflowed())
                    .hasSizeGreaterThan(before);
            pair.sender.send(pair.to, 1);
            pair.sim.sleep(SOON);
            assertThat(pair.receiver.sizes.getLast()).isOne();
        });
    }

    @Test
    void aFrozenMachineLosesWhatItsBufferDoesNotHold() {
        each(pair -> {
            pair.server.freeze();
            for (int i = 0; i < MANY; i++) {
                pair.sender.send(pair.to, 10_000);
            }
            pair.sim.sleep(SOON);
            pair.server.thaw();
            pair.sim.sleep(SOON);
            assertThat(pair.server.overflowed()).isPositive();
            assertThat(pair.receiver.sizes).hasSize(MANY - (int) pair.server.overflowed());
        });
    }

    @Test
    void whoIsConnectedToNobodyIsTold() {
        each(pair -> {
            pair.sender.send(pair.server.address(1), 1);
            Udp connected = new Udp(pair.sim, pair.client).connect(pair.server.address(1));
            connected.send(1);
            pair.sim.sleep(SOON);
            assertThat(connected.failures).hasSize(1).hasOnlyElementsOfType(PortUnreachableException.class);
            assertThat(pair.sender.failures).isEmpty();
            connected.send(1);
        });
    }

    @Test
    void whatIsSentToAMachineThatIsDownIsLost() {
        each(pair -> {
            pair.server.crash();
            pair.sender.send(pair.to, 1);
            pair.sim.sleep(SOON);
            pair.server.start(ONE);
            Udp again = new Udp(pair.sim, pair.server).bind(PORT);
            pair.sim.sleep(SOON);
            assertThat(again.sizes).isEmpty();
            pair.sender.send(pair.to, 2);
            pair.sim.sleep(SOON);
            assertThat(again.sizes).containsExactly(2);
        });
    }

    @Test
    void aPortBelongsToOneUnlessAllShareIt() {
        each(pair -> {
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> new Udp(pair.sim, pair.server).bind(PORT))
                    .withCauseInstanceOf(BindException.class);
            assertThatExceptionOfType(CompletionException.class).isThrownBy(() -> pair.sender.bind(PORT))
                    .withCauseInstanceOf(AlreadyBoundException.class);
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> pair.sender.await(
                            pair.sender.channel.connect(pair.to, new InetSocketAddress("0.0.0.0", PORT))))
                    .withCauseInstanceOf(AlreadyBoundException.class);
            // Neither took the port.
            new Udp(pair.sim, pair.client).bind(PORT);
            List<Udp> sharing = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Udp one = new Udp(pair.sim, pair.server);
                one.channel.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
                sharing.add(one.bind(PORT + 1));
            }
            for (int i = 0; i < MANY; i++) {
                Udp from = new Udp(pair.sim, pair.client).bind(0);
                from.send(pair.server.address(PORT + 1), 1);
                from.send(pair.server.address(PORT + 1), 2);
            }
            pair.sim.sleep(SOON);
            for (Udp each : sharing) {
                assertThat(each.sizes).hasSizeGreaterThan(MANY / 4);
                // All that one sends goes to the same.
                assertThat(each.sizes).hasSize(2 * new HashSet<>(each.senders).size());
            }
            assertThat(sharing.get(0).sizes.size() + sharing.get(1).sizes.size()).isEqualTo(2 * MANY);
        });
    }

    @Test
    void aFreePortIsNobodysThoughAllHaveBeenUsedOnce() {
        each(pair -> {
            InetSocketAddress anyPort = new InetSocketAddress("0.0.0.0", 0);
            UdpSocket old = pair.client.bind(anyPort, false, () -> {});
            Set<Integer> seen = new HashSet<>();
            for (int i = 0; i <= 65_535 - 32_768; i++) {
                UdpSocket next = pair.client.bind(anyPort, false, () -> {});
                seen.add(next.local().getPort());
                next.close();
            }
            assertThat(seen).hasSize(65_536 - 32_768 - 2)
                    .doesNotContain(old.local().getPort(), pair.sender.address().getPort());
        });
    }

    @Test
    void aConnectionGetsAPortWhereNobodyListens() {
        each(pair -> {
            int next = pair.client.clientSocket().local().getPort() + 1;
            pair.client.listen(new InetSocketAddress("0.0.0.0", next), false, 1, () -> {});
            assertThat(pair.client.clientSocket().local().getPort()).isEqualTo(next + 1);
        });
    }

    /** What has arrived in each run counts for its hash. */
    private static Simulation.Result underFaults(long seed, List<Integer> arrived) {
        return Simulation.run(seed, sim -> {
            Pair pair = new Pair(sim);
            sim.faults(Duration.ofSeconds(2), sim::usualFaults);
            while (sim.now().compareTo(Duration.ofSeconds(2)) < 0) {
                pair.sender.sendMany(pair.to);
                sim.sleep(Duration.ofMillis(50));
            }
            sim.sleep(Duration.ofMinutes(1));
            int before = pair.receiver.sizes.size();
            pair.sender.sendMany(pair.to);
            sim.sleep(Duration.ofSeconds(1));
            // All has been healed.
            assertThat(pair.receiver.sizes.subList(before, pair.receiver.sizes.size()))
                    .containsExactlyInAnyOrderElementsOf(all());
            arrived.addAll(pair.receiver.sizes);
            arrived.add((int) pair.there().lost());
            arrived.add((int) pair.there().doubled());
        });
    }

    @Test
    void theSameSeedLosesAndDoublesTheSame() {
        Set<Long> hashes = new HashSet<>();
        boolean lost = false;
        boolean doubled = false;
        for (long seed = 0; seed < 4; seed++) {
            List<Integer> arrived = new ArrayList<>();
            List<Integer> again = new ArrayList<>();
            Simulation.Result result = underFaults(seed, arrived);
            assertThat(underFaults(seed, again)).isEqualTo(result);
            assertThat(again).isEqualTo(arrived);
            hashes.add(result.hash());
            doubled |= arrived.getLast() > 0;
            lost |= arrived.get(arrived.size() - 2) > 0;
        }
        assertThat(hashes).hasSize(4);
        assertThat(lost).isTrue();
        assertThat(doubled).isTrue();
    }

    @Test
    void onlyWhereDatagramsAreReceivedTheUsualFaultsDoubleThem() {
        Simulation.run(1, sim -> {
            sim.machine("server").start(ONE);
            sim.machine("client").start(ONE);
            assertThat(sim.usualFaults(Chaos.plan(1)).describe(Duration.ofMinutes(1))).doesNotContain("doubles");
            new Udp(sim, sim.machines().getFirst()).bind(PORT);
            assertThat(sim.usualFaults(Chaos.plan(1)).describe(Duration.ofMinutes(1)))
                    .contains("doubles client>server");
        });
    }

    @Test
    void faultsThatCannotBeAreRefused() {
        each(pair -> {
            assertThatIllegalArgumentException().isThrownBy(() -> pair.there().doubles(1.5));
            assertThatIllegalArgumentException().isThrownBy(() -> pair.there().largestDatagram(-1));
        });
    }
}
