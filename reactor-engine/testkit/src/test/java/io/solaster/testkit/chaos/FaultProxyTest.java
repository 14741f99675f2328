package io.solaster.testkit.chaos;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SolasterTest
class FaultProxyTest {
    private ServerSocket server;
    private FaultProxy proxy;

    @BeforeEach
    void start(FaultProxy given) throws IOException {
        proxy = given;
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        proxy.forwardTo(new InetSocketAddress(server.getInetAddress(), server.getLocalPort()));
        // Answers each byte with itself, and each end with its end.
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            socket.getInputStream().transferTo(socket.getOutputStream());
                        } catch (IOException e) {
                            // It was reset.
                        }
                    });
                } catch (IOException e) {
                    return;
                }
            }
        });
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.connect(proxy.address(), 30_000);
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static String echo(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
        return new String(socket.getInputStream().readNBytes(text.length()), US_ASCII);
    }

    @Test
    void passesBytesBothWaysAndEndsAsTheServerDoes() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "hello")).isEqualTo("hello");
            socket.getOutputStream().write(new byte[100_000]);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().readAllBytes()).hasSize(100_000);
        }
        assertThat(proxy.count(Effect.CONNECTIONS)).isOne();
        assertThat(proxy.count(Effect.BYTES)).isEqualTo(2 * 100_005);
        assertThat(proxy.count(Effect.DELAYED_BYTES) + proxy.count(Effect.LOST_BYTES)
                + proxy.count(Effect.CORRUPTED_BYTES) + proxy.count(Effect.RESETS)).isZero();
    }

    @Test
    void delaysOneWay() throws IOException {
        try (Socket socket = connect()) {
            proxy.set(Direction.TO_CLIENT, Faults.NONE.delayed(Duration.ofMillis(120)).jittered(Duration.ofMillis(10)));
            long sent = System.nanoTime();
            assertThat(echo(socket, "late")).isEqualTo("late");
            assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(120_000_000L);
            assertThat(proxy.count(Effect.DELAYED_BYTES)).isEqualTo(4);
        }
    }

    @Test
    void takesMoreWhileTheFirstIsStillDelayed() throws IOException {
        proxy.set(Direction.TO_SERVER, Faults.NONE.delayed(Duration.ofHours(1)));
        try (Socket socket = connect()) {
            int bytes = Passage.MOST_UNDER_WAY / 2;
            socket.getOutputStream().write(new byte[bytes]);
            await("all of it is on its way", () -> proxy.count(Effect.DELAYED_BYTES) == bytes);
            assertThat(proxy.count(Effect.BYTES)).isZero();
        }
    }

    @Test
    void takesNoMoreThanABoundWhileTheFirstIsDelayed() throws Exception {
        proxy.set(Direction.TO_SERVER, Faults.NONE.delayed(Duration.ofHours(1)));
        try (Socket socket = connect()) {
            Thread writer = writeForEver(socket);
            await("the bound", () -> proxy.count(Effect.DELAYED_BYTES) > Passage.MOST_UNDER_WAY);
            assertThat(writer.join(Duration.ofMillis(300))).isFalse();
            // And what one read brings.
            assertThat(proxy.count(Effect.DELAYED_BYTES)).isLessThan(2 * Passage.MOST_UNDER_WAY);
        }
    }

    @Test
    void aNarrowWayTakesNoMoreThanItCarries() throws Exception {
        proxy.set(Direction.TO_SERVER, Faults.NONE.throttled(1));
        try (Socket socket = connect()) {
            Thread writer = writeForEver(socket);
            await("the first", () -> proxy.count(Effect.DELAYED_BYTES) > 0);
            assertThat(writer.join(Duration.ofMillis(300))).isFalse();
            assertThat(proxy.count(Effect.DELAYED_BYTES)).isLessThan(Passage.MOST_UNDER_WAY / 2);
        }
    }

    @Test
    void keepsTheOrderOfWhatIsDelayed() throws IOException {
        byte[] sent = new byte[300_000];
        new Random(1).nextBytes(sent);
        proxy.set(Faults.NONE.delayed(Duration.ofMillis(2)).jittered(Duration.ofMillis(10)));
        try (Socket socket = connect()) {
            Thread.ofVirtual().start(() -> {
                try {
                    for (int from = 0; from < sent.length; from += 1000) {
                        socket.getOutputStream().write(sent, from, 1000);
                    }
                    socket.shutdownOutput();
                } catch (IOException e) {
                    // The reader tells.
                }
            });
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(sent);
        }
    }

    @Test
    void resetsOnlyAfterWhatIsStillDelayed() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.set(Direction.TO_SERVER, Faults.NONE.delayed(Duration.ofMillis(200)));
            socket.getOutputStream().write("before".getBytes(US_ASCII));
            await("it is on its way", () -> proxy.count(Effect.DELAYED_BYTES) == 6);
            proxy.resetAfter(Direction.TO_SERVER, 2);
            socket.getOutputStream().write("after".getBytes(US_ASCII));
            await("the reset", () -> proxy.count(Effect.RESETS) > 0);
            assertThat(proxy.count(Effect.BYTES)).isBetween(2L + 6 + 2, 2L + 2 * 6 + 2 * 2);
        }
    }

    @Test
    void passesNothingBehindTheLastBeforeAReset() {
        StringBuilder passed = new StringBuilder();
        List<ChannelPromise> writes = new ArrayList<>();
        // It takes no more just then.
        EmbeddedChannel to = new EmbeddedChannel(new ChannelOutboundHandlerAdapter() {
            @Override
            public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
                passed.append(((ByteBuf) message).toString(US_ASCII));
                ReferenceCountUtil.release(message);
                writes.add(promise);
            }
        });
        AtomicInteger reads = new AtomicInteger();
        EmbeddedChannel from = new EmbeddedChannel();
        from.config().setAutoRead(false);
        from.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                reads.incrementAndGet();
            }
        }, new Passage(proxy, Direction.TO_SERVER, to));
        proxy.set(Direction.TO_SERVER, Faults.NONE.delayed(Duration.ofMillis(1)));
        from.pipeline().fireChannelRead(Unpooled.copiedBuffer("before", US_ASCII));
        assertThat(reads).hasValue(1);
        proxy.resetAfter(Direction.TO_SERVER, 2);
        from.pipeline().fireChannelRead(Unpooled.copiedBuffer("after", US_ASCII));
        await("both are written", () -> {
            from.runPendingTasks();
            return writes.size() == 2;
        });
        proxy.set(Direction.TO_SERVER, Faults.NONE);
        writes.getFirst().setSuccess();
        assertThat(reads).hasValue(1);
        ByteBuf more = Unpooled.copiedBuffer("more", US_ASCII);
        from.pipeline().fireChannelRead(more);
        assertThat(more.refCnt()).isZero();
        assertThat(passed).hasToString("beforeaf");
        writes.getLast().setSuccess();
        from.runPendingTasks();
        to.runPendingTasks();
        assertThat(from.isOpen() || to.isOpen()).isFalse();
    }

    @Test
    void throttles() throws IOException {
        try (Socket socket = connect()) {
            proxy.set(Direction.TO_SERVER, Faults.NONE.throttled(100_000));
            long sent = System.nanoTime();
            echo(socket, "x".repeat(20_000));
            assertThat(System.nanoTime() - sent).isGreaterThanOrEqualTo(200_000_000L);
        }
    }

    @Test
    void corruptsBytes() throws IOException {
        try (Socket socket = connect()) {
            proxy.set(Direction.TO_SERVER, Faults.NONE.corrupted(1));
            assertThat(echo(socket, "right")).isNotEqualTo("right");
            assertThat(proxy.count(Effect.CORRUPTED_BYTES)).isOne();
        }
    }

    @Test
    void aPartitionLosesBytesAndTellsNobody() throws IOException {
        try (Socket socket = connect(); Socket other = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            assertThat(echo(other, "a")).isEqualTo("a");
            proxy.partition();
            socket.getOutputStream().write("lost".getBytes(US_ASCII));
            await("the loss", () -> proxy.count(Effect.LOST_BYTES) == 4);
            socket.setSoTimeout(100);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            assertThat(proxy.connections()).isEqualTo(2);
            proxy.heal();
            assertThat(echo(other, "whole")).isEqualTo("whole");
            socket.setSoTimeout(30_000);
            assertThatThrownBy(() -> {
                while (true) {
                    echo(socket, "hole");
                }
            }).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void aCutOfOneWayLetsTheOtherPass() throws IOException {
        try (Socket socket = connect()) {
            proxy.set(Direction.TO_CLIENT, Faults.NONE.cut());
            socket.getOutputStream().write("in".getBytes(US_ASCII));
            await("the loss", () -> proxy.count(Effect.LOST_BYTES) == 2);
            assertThat(proxy.count(Effect.BYTES)).isEqualTo(2);
            socket.setSoTimeout(100);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void resetsBothSides() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.reset();
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
            assertThat(proxy.count(Effect.RESETS)).isPositive();
        }
    }

    @Test
    void resetsInMidReply() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.resetAfter(Direction.TO_CLIENT, 2);
            assertThatThrownBy(() -> {
                if (echo(socket, "hello").length() < 5) {
                    socket.getInputStream().read();
                }
            }).isInstanceOf(SocketException.class);
            assertThat(proxy.count(Effect.BYTES)).isEqualTo(2 + 5 + 2);
            assertThat(proxy.count(Effect.RESETS)).isPositive();
        }
        proxy.heal();
        try (Socket socket = connect()) {
            assertThat(echo(socket, "whole")).isEqualTo("whole");
        }
    }

    @Test
    void closesAsAServerThatEnds() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.closeConnections();
            assertThat(socket.getInputStream().read()).isNegative();
        }
        assertThat(proxy.count(Effect.RESETS)).isZero();
    }

    @Test
    void tellsOfAnEndAfterAPartition() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.partition();
            socket.shutdownOutput();
            socket.setSoTimeout(100);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            proxy.heal();
            socket.setSoTimeout(30_000);
            assertThat(socket.getInputStream().read()).isNegative();
        }
    }

    @Test
    void aLostServerLeavesClientsThatWaitForEver() throws IOException {
        try (Socket socket = connect()) {
            assertThat(echo(socket, "a")).isEqualTo("a");
            proxy.loseServer();
            await("its side is gone", () -> proxy.count(Effect.RESETS) == 1);
            assertThat(proxy.count(Effect.HALF_OPEN)).isOne();
            socket.getOutputStream().write("nobody hears".getBytes(US_ASCII));
            socket.setSoTimeout(100);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            await("it is lost", () -> proxy.count(Effect.LOST_BYTES) == 12);
            try (Socket next = connect()) {
                assertThat(echo(next, "b")).isEqualTo("b");
            }
        }
    }

    @Test
    void lostClientsLeaveAServerThatWaitsForEver() throws IOException {
        try (ServerSocket waiting = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                FaultProxy before = FaultProxy
                        .before(new InetSocketAddress(waiting.getInetAddress(), waiting.getLocalPort()), 1);
                Socket client = new Socket(before.address().getAddress(), before.address().getPort());
                Socket accepted = waiting.accept()) {
            client.getOutputStream().write(1);
            assertThat(accepted.getInputStream().read()).isOne();
            before.loseClients();
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
            accepted.setSoTimeout(100);
            assertThatThrownBy(() -> accepted.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            accepted.getOutputStream().write(new byte[10]);
            await("it is lost", () -> before.count(Effect.LOST_BYTES) == 10);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + 60_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as(what).isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void refusesAndListensAgainOnTheSamePort() throws IOException {
        try (Socket before = connect()) {
            // What has not been accepted yet is reset with its listener.
            assertThat(echo(before, "here")).isEqualTo("here");
            proxy.refuse();
            assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
            assertThat(echo(before, "still here")).isEqualTo("still here");
            proxy.listen();
            try (Socket after = connect()) {
                assertThat(echo(after, "again")).isEqualTo("again");
            }
        }
    }

    @Test
    void aServerThatIsAwayResetsTheClient() throws IOException {
        // Bound, so that nobody else listens there meanwhile.
        try (SocketChannel away = SocketChannel.open().bind(new InetSocketAddress(server.getInetAddress(), 0))) {
            proxy.forwardTo((InetSocketAddress) away.getLocalAddress());
            // It may be reset before anything is asked of it.
            assertThatThrownBy(() -> {
                try (Socket socket = connect()) {
                    if (socket.getInputStream().read() < 0) {
                        throw new SocketException("closed");
                    }
                }
            }).isInstanceOf(SocketException.class);
        }
    }

    private static Thread writeForEver(Socket socket) {
        return Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    socket.getOutputStream().write(new byte[1 << 16]);
                }
            } catch (IOException e) {
                // The test has ended.
            }
        });
    }

    @Test
    void whoDoesNotReadIsFeltByWhoWrites() throws Exception {
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                FaultProxy before = FaultProxy
                        .before(new InetSocketAddress(deaf.getInetAddress(), deaf.getLocalPort()), 1);
                Socket socket = new Socket()) {
            socket.connect(before.address());
            Thread writer = writeForEver(socket);
            long passed = -1;
            while (passed != before.count(Effect.BYTES) || passed == 0) {
                passed = before.count(Effect.BYTES);
                assertThat(writer.join(Duration.ofMillis(300))).isFalse();
            }
            assertThat(passed).isLessThan(64 << 20);
        }
    }

    @Test
    void faultsStayOnTheMachine() {
        assertThatThrownBy(() -> FaultProxy.before(new InetSocketAddress("192.0.2.1", 80), 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("loopback");
    }
}
