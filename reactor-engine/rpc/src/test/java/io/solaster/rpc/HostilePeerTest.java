package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.rpc.RawPeer.Received;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.server.RpcServer;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a server does with clients that break the protocol, and with handlers that break their promises. */
@SolasterTest(shards = 1)
class HostilePeerTest {
    private static final RpcMethod<byte[], byte[]> ECHO = RpcMethod.unary("echo", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> STAY = RpcMethod.unary("stay", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> LARGE = RpcMethod.unary("large", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> ANGRY = RpcMethod.unary("angry", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> TALK = RpcMethod.both("talk", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> WATCH = RpcMethod.answers("watch", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> TWICE = RpcMethod.unary("twice", RpcCodec.BYTES, RpcCodec.BYTES);

    private final Engine engine;
    private final AtomicInteger interrupted = new AtomicInteger();
    private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    private RpcLimits limits;
    private RpcService service;
    private RpcServer server;

    HostilePeerTest(Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void start() {
        service = RpcService.builder().direct(ECHO, (request, to) -> to.writeBytes(request))
                .direct(LARGE, (_, to) -> to.writeZero(1 << 20))
                .async(ANGRY, (call, _) -> {
                    call.onCancel(() -> {
                        throw new IllegalStateException("not now");
                    });
                    return new CompletableFuture<>();
                })
                .streamed(TALK, (_, answers) -> new Echo(answers)).streamed(WATCH, (_, answers) -> new Echo(answers))
                .async(TWICE, (_, request) -> {
                    answer.complete(request);
                    answer.complete(new byte[9]);
                    return answer;
                })
                .forked(STAY, (_, request) -> {
                    try {
                        return new CompletableFuture<byte[]>().get();
                    } catch (InterruptedException e) {
                        interrupted.incrementAndGet();
                        return request;
                    }
                }).build();
        limits = RpcLimits.DEFAULTS.withMaxCalls(20_000).withOutputBuffer(new ByteSize(4 << 20))
                .withTimeouts(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ZERO);
        bind();
    }

    private void bind() {
        server = RpcServer.bind(engine, "hostile", ServerConfig.of("rpc", 0), limits, service);
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (RawPeer fine = new RawPeer(server.port()).greet()) {
            fine.send(RawPeer.request(ECHO, 1, (byte) 5));
            assertThat(fine.read().body()).containsExactly(5);
        }
        Engines.until("all is closed and ended", () -> server.connections() == 0 && server.stats().running() == 0);
        assertThat(server.stats().broken()).isZero();
        server.close();
    }

    /** Writes what it reads, and asks for the next. */
    private static final class Echo implements RpcReader<byte[]> {
        private final RpcWriter<byte[]> answers;
        private @Nullable RpcFlow flow;

        Echo(RpcWriter<byte[]> answers) {
            this.answers = answers;
        }

        @Override
        public void begins(RpcFlow begun) {
            flow = begun;
            begun.request(2);
        }

        @Override
        public void message(byte[] message) {
            answers.write(message);
            flow.request(1);
        }

        @Override
        public void ended() {
            answers.whenWritable(answers::end);
        }

        @Override
        public void failed(RpcException why) {}
    }

    private RawPeer peer() throws IOException {
        return new RawPeer(server.port());
    }

    @Test
    void garbageEndsTheConnection() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = new byte[24 + random.nextInt(5_000)];
            random.nextBytes(garbage);
            try (RawPeer greeted = peer().greet(); RawPeer not = peer()) {
                not.send(garbage);
                assertThat(not.isEnded()).isTrue();
                greeted.send(garbage);
                assertThat(greeted.isEnded()).isTrue();
            }
        }
        assertThat(server.stats().violations()).isEqualTo(40);
    }

    /** Frames that are well-formed and make no sense together, to methods of each kind. */
    @Test
    void framesInAnyOrderBreakNothingAndLeaveNothing() throws IOException {
        RpcMethod<?, ?>[] methods = {ECHO, STAY, TALK, WATCH, ANGRY};
        Property.check(5, 60, draw -> {
            byte[][] frames = new byte[1 + draw.nextInt(40)][];
            for (int i = 0; i < frames.length; i++) {
                int type = draw.oneIn(3)
                        ? Frame.REQUEST
                        : draw.of(Frame.DATA, Frame.CREDIT, Frame.END, Frame.CANCEL, Frame.PING);
                RpcMethod<?, ?> method = draw.of(methods);
                boolean request = type == Frame.REQUEST;
                boolean open = request && method.kind().isOpen() != draw.oneIn(10);
                frames[i] = RawPeer.frame(type, open ? Frame.OPEN : 0, request ? Frame.NO_SLOT : 0,
                        request ? i + 1 : draw.nextInt(i + 2), request ? method.hash() : 1 + draw.nextInt(3),
                        type == Frame.CREDIT ? draw.nextInt(1000) : 0,
                        open || type == Frame.CREDIT || type == Frame.END ? new byte[0] : draw.bytes(3));
            }
            try (RawPeer peer = peer().greet()) {
                peer.send(frames);
                if (draw.nextBoolean()) {
                    peer.socket.setSoLinger(true, 0);
                }
            } catch (IOException reset) {
                // By the server, while this was sent.
            }
        });
    }

    @Test
    void aGigabyteIsRefusedBeforeItComes() throws IOException {
        try (RawPeer peer = peer().greet()) {
            byte[] request = RawPeer.request(ECHO, 1);
            ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 1 << 30);
            peer.send(request);
            Received goodbye = peer.read();
            assertThat(goodbye.type()).isEqualTo(Frame.GOAWAY);
            assertThat(goodbye.words()).contains("1073741824");
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void aVersionThatIsNotSpokenIsNamed() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.frame(Frame.HELLO, 0, 0, 0, Frame.MAGIC, 7 | 9 << 16));
            assertThat(peer.read().words()).contains("versions 7 to 9").contains("1 here");
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void halfAFrameIsWaitedForAndAByteAtATimeIsEnough() throws IOException {
        try (RawPeer peer = peer().greet()) {
            for (byte each : RawPeer.request(ECHO, 1, "slowly".getBytes(StandardCharsets.US_ASCII))) {
                peer.send(new byte[]{each});
            }
            assertThat(peer.read().words()).isEqualTo("slowly");
        }
    }

    @Test
    void whoSaysNothingIsLetGo() throws IOException {
        try (RawPeer peer = peer()) {
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void anIdThatWasUsedEndsTheConnection() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.send(RawPeer.request(ECHO, 5), RawPeer.request(ECHO, 4));
            assertThat(peer.read().type()).isEqualTo(Frame.RESPONSE);
            assertThat(peer.read().words()).contains("id 4");
            assertThat(peer.isEnded()).isTrue();
        }
    }

    @Test
    void tenThousandCancellationsOfOneTurnEndAsManyHandlers() throws IOException {
        int calls = 10_000;
        server.close();
        // Who sends so much and reads nothing meanwhile is silent for a while.
        limits = limits.withTimeouts(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ZERO);
        bind();
        try (RawPeer peer = peer().greet()) {
            byte[][] frames = new byte[calls][];
            for (int i = 0; i < calls; i++) {
                frames[i] = RawPeer.request(STAY, i + 1);
            }
            peer.send(frames);
            Engines.until("all run", () -> server.stats().running() == calls);
            for (int i = 0; i < calls; i++) {
                frames[i] = RawPeer.frame(Frame.CANCEL, 0, 0, i + 1, RpcStatus.CANCELLED.code(), 0);
            }
            peer.send(frames);
            Engines.until("all have ended", () -> server.stats().running() == 0);
            assertThat(interrupted).hasValue(calls);
            assertThat(server.stats().cancelled()).isEqualTo(calls);
            peer.send(RawPeer.request(ECHO, calls + 1, (byte) 1));
            Received next = peer.read();
            while (next.type() == Frame.PING) {
                next = peer.read();
            }
            assertThat(next.type()).as("nothing is said of what was cancelled").isEqualTo(Frame.RESPONSE);
        }
    }

    @Test
    void aClientThatIsKilledLeavesNoHandlerBehind() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.send(RawPeer.request(STAY, 1), RawPeer.request(STAY, 2));
            Engines.until("both run", () -> server.stats().running() == 2);
            peer.socket.setSoLinger(true, 0);
        }
        Engines.until("both have ended", () -> interrupted.get() == 2);
    }

    @Test
    void aHandlerThatThrowsWhenItIsCancelledKeepsNobodyElseFromHearingOfTheEnd() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.send(RawPeer.request(ANGRY, 1), RawPeer.request(STAY, 2), RawPeer.request(ANGRY, 3),
                    RawPeer.request(STAY, 4));
            Engines.until("all run", () -> server.stats().running() == 4);
        }
        Engines.until("all have ended", () -> interrupted.get() == 2 && server.stats().running() == 0);
    }

    @Test
    void whoNeverReadsIsReadNoFurtherAndThenLetGo() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.socket.setSoTimeout(100);
            try {
                for (int i = 1; i < 10_000; i++) {
                    peer.send(RawPeer.request(LARGE, i));
                }
            } catch (IOException ended) {
                // Let go of while it still wrote.
            }
            Engines.until("let go", () -> server.connections() == 0);
            assertThat(server.stats().begun()).as("read no further").isLessThan(200);
        } catch (SocketTimeoutException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPeerThatDoesNotAnswerWhetherItIsThereIsLetGoAndItsCallsWithIt() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.send(RawPeer.request(STAY, 1));
            assertThat(peer.read().type()).isEqualTo(Frame.PING);
            assertThat(peer.isEnded()).isTrue();
            Engines.until("ended", () -> interrupted.get() == 1);
        }
    }

    @Test
    void aHandlerThatAnswersTwiceAnswersOnce() throws IOException {
        try (RawPeer peer = peer().greet()) {
            peer.send(RawPeer.request(TWICE, 1, (byte) 3));
            assertThat(peer.read().body()).containsExactly(3);
            peer.send(RawPeer.request(ECHO, 2, (byte) 4));
            assertThat(peer.read().body()).containsExactly(4);
        }
    }

    @Test
    void aPingFloodIsAnswered() throws IOException {
        try (RawPeer peer = peer().greet()) {
            byte[][] frames = new byte[1000][];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = RawPeer.frame(Frame.PING, 0, 0, i, 0, 0);
            }
            peer.send(frames);
            for (int i = 0; i < frames.length; i++) {
                Received pong = peer.read();
                assertThat(pong.id()).isEqualTo(i);
                assertThat(pong.flags()).isEqualTo(Frame.ANSWER);
            }
        }
    }
}
