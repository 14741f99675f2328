package io.solaster.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Slots;
import io.solaster.rpc.RawPeer.Received;
import io.solaster.rpc.client.RpcClient;
import io.solaster.rpc.frame.Frame;
import io.solaster.rpc.server.RpcServer;
import io.solaster.testkit.junit.SolasterTest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Handlers and codecs that fail in unusual ways: their own calls end, and no other feels it. */
@SolasterTest(shards = 1)
class BrokenHandlerTest {
    /** Reads and writes nothing whose first byte is 9. */
    private static final RpcCodec<byte[]> DEEP = new RpcCodec<>() {
        @Override
        public void encode(byte[] message, ByteBuf to) {
            to.writeBytes(message);
        }

        @Override
        public byte[] decode(ByteBuf from) {
            byte[] bytes = ByteBufUtil.getBytes(from);
            if (bytes[0] == 9) {
                throw new StackOverflowError();
            }
            return bytes;
        }
    };
    private static final RpcMethod<byte[], byte[]> ECHO = RpcMethod.unary("echo", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> PARSED = RpcMethod.unary("parsed", DEEP, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> ANSWERED = RpcMethod.unary("answered", RpcCodec.BYTES, DEEP);
    private static final RpcMethod<byte[], byte[]> NAMELESS = RpcMethod.unary("nameless", RpcCodec.BYTES,
            RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> NULL = RpcMethod.unary("null", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> BEHIND = RpcMethod.unary("behind", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> ANGRY = RpcMethod.unary("angry", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> PUBLISH = RpcMethod.unary("publish", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> WATCH = RpcMethod.answers("watch", RpcCodec.BYTES, RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> NOTE = RpcMethod.oneWay("note", RpcCodec.BYTES);
    private static final RpcMethod<byte[], byte[]> LATER = RpcMethod.unary("later", RpcCodec.BYTES, RpcCodec.BYTES);

    private final Engine engine;
    private final CompletableFuture<byte[]> gate = new CompletableFuture<>();
    private final AtomicBoolean noting = new AtomicBoolean();
    private final AtomicInteger noted = new AtomicInteger();
    private final AtomicInteger interrupted = new AtomicInteger();
    private @Nullable RpcWriter<byte[]> watcher;
    private RpcServer server;

    BrokenHandlerTest(Engine engine) {
        this.engine = engine;
    }

    @SuppressWarnings("NullAway") // what a handler is not to give
    private static <T> T nothing() {
        return null;
    }

    private RpcService service() {
        return RpcService.builder().direct(ECHO, (request, to) -> to.writeBytes(request))
                .async(ANSWERED, (_, request) -> CompletableFuture.completedFuture(request))
                .direct(NAMELESS, (_, _) -> {
                    throw new RpcException(RpcStatus.NOT_FOUND, nothing());
                })
                .async(BEHIND, (_, _) -> CompletableFuture.failedFuture(
                        new RpcException(RpcStatus.UNAVAILABLE, "another was not begun", true, null)))
                .async(ANGRY, (call, _) -> {
                    call.onCancel(() -> {
                        throw new AssertionError("not now");
                    });
                    return new CompletableFuture<>();
                })
                .direct(PUBLISH, (request, _) -> watcher.write(ByteBufUtil.getBytes(request)))
                .streamed(WATCH, (_, answers) -> {
                    watcher = answers;
                    return new Silent();
                })
                .forked(NOTE, (_, _) -> {
                    noting.set(true);
                    try {
                        gate.get();
                        noted.incrementAndGet();
                    } catch (InterruptedException e) {
                        interrupted.incrementAndGet();
                    }
                    return new byte[0];
                })
                .permits(1)
                .async(PARSED, (_, request) -> CompletableFuture.completedFuture(request))
                .async(NULL, (_, _) -> nothing())
                .group("background")
                .permits(1_000)
                .direct(LATER, (request, to) -> to.writeBytes(request))
                .build();
    }

    private static final class Silent implements RpcReader<byte[]> {
        @Override
        public void begins(RpcFlow flow) {}

        @Override
        public void message(byte[] message) {}

        @Override
        public void ended() {}

        @Override
        public void failed(RpcException why) {}
    }

    @BeforeEach
    void start() {
        server = RpcServer.bind(engine, "broken", ServerConfig.of("rpc", 0), RpcLimits.DEFAULTS, service());
    }

    @AfterEach
    void nothingIsLeft() {
        Engines.until("all is closed and ended", () -> server.connections() == 0 && server.stats().running() == 0);
        assertThat(server.stats().broken()).isZero();
        server.close();
    }

    private RawPeer peer() throws IOException {
        return new RawPeer(server.port()).greet();
    }

    @Test
    void aFailureWithoutWordsTakesNoOtherAnswerWithIt() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(ECHO, 1, (byte) 1), RawPeer.request(NAMELESS, 2),
                    RawPeer.request(ECHO, 3, (byte) 3));
            assertThat(peer.read().body()).containsExactly(1);
            Received failed = peer.read();
            assertThat(failed.type()).isEqualTo(Frame.ERROR);
            assertThat(failed.first()).isEqualTo(RpcStatus.NOT_FOUND.code());
            assertThat(peer.read().body()).containsExactly(3);
        }
    }

    @Test
    void thatAnotherCallWasNotBegunIsNotSaidOfTheOneThatMadeIt() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(BEHIND, 1));
            Received failed = peer.read();
            assertThat(failed.words()).isEqualTo("another was not begun");
            assertThat(failed.flags() & Frame.NOT_BEGUN).isZero();
        }
    }

    @Test
    void aMessageThatOverflowsTheStackOfItsCodecKeepsNoPermit() throws IOException {
        try (RawPeer peer = peer()) {
            for (int id = 1; id <= 3; id++) {
                peer.send(RawPeer.request(PARSED, id, (byte) 9));
                assertThat(peer.read().first()).isEqualTo(RpcStatus.INTERNAL.code());
            }
            peer.send(RawPeer.request(PARSED, 4, (byte) 4));
            assertThat(peer.read().body()).containsExactly(4);
        }
    }

    @Test
    void anAnswerThatOverflowsTheStackOfItsCodecFailsItsCallAlone() {
        try (RpcClient client = client()) {
            List<CompletableFuture<byte[]>> both = engine.submitTo(0, () -> List.<CompletableFuture<byte[]>>of(
                    client.call(ANSWERED, new byte[]{9}), client.call(ANSWERED, new byte[]{1}))).join();
            assertThat(both.getLast().join()).containsExactly(1);
            assertThatThrownBy(() -> both.getFirst().join()).cause()
                    .isInstanceOfSatisfying(RpcException.class, e -> assertThat(e.status()).isEqualTo(
                            RpcStatus.INTERNAL));
        }
    }

    private RpcClient client() {
        return RpcClient.of(engine, new InetSocketAddress("127.0.0.1", server.port()), RpcLimits.DEFAULTS);
    }

    @Test
    void aHandlerThatGivesNoStageFailsAloneAndKeepsNoPermit() throws IOException {
        try (RawPeer peer = peer()) {
            for (int id = 1; id <= 3; id++) {
                peer.send(RawPeer.request(NULL, id));
                assertThat(peer.read().first()).isEqualTo(RpcStatus.UNKNOWN.code());
            }
        }
    }

    @Test
    void anErrorOfWhatIsDoneWhenACallIsCancelledEndsNoConnection() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(ANGRY, 1), RawPeer.request(ANGRY, 2),
                    RawPeer.frame(Frame.CANCEL, 0, 0, 1, RpcStatus.CANCELLED.code(), 0),
                    RawPeer.request(ECHO, 3, (byte) 3));
            assertThat(peer.read().body()).containsExactly(3);
        }
    }

    @Test
    void whatIsPublishedWhileAnswersAreWrittenStaysInOrder() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(WATCH, 1), RawPeer.frame(Frame.CREDIT, 0, 0, 1, 10, 0),
                    RawPeer.request(PUBLISH, 2, new byte[10]), RawPeer.request(PUBLISH, 3, new byte[16_300]),
                    RawPeer.request(ECHO, 4, new byte[70_000]), RawPeer.request(ECHO, 5));
            List<Integer> lengths = new ArrayList<>();
            List<Long> answers = new ArrayList<>();
            while (lengths.size() + answers.size() < 6) {
                Received next = peer.read();
                if (next.type() == Frame.DATA) {
                    lengths.add(next.body().length);
                } else if (next.type() == Frame.RESPONSE) {
                    answers.add(next.id());
                }
            }
            assertThat(lengths).containsExactly(10, 16_300);
            assertThat(answers).containsExactly(2L, 3L, 4L, 5L);
            peer.send(RawPeer.request(PUBLISH, 6, new byte[20]), RawPeer.request(PUBLISH, 7, new byte[100_000]));
            assertThat(peer.read().id()).isEqualTo(6);
            assertThat(peer.read().body()).hasSize(20);
            assertThat(peer.read().id()).isEqualTo(7);
            assertThat(peer.read().body()).hasSize(100_000);
        }
    }

    @Test
    void aRequestWhoseCodecMakesACallIsSentBeforeIt() {
        try (RpcClient client = client()) {
            List<CompletableFuture<byte[]>> inner = new ArrayList<>();
            RpcMethod<byte[], byte[]> calling = RpcMethod.unary("echo", new RpcCodec<byte[]>() {
                @Override
                public void encode(byte[] message, ByteBuf to) {
                    inner.add(client.call(ECHO, new byte[]{2}));
                    to.writeBytes(message);
                }

                @Override
                public byte[] decode(ByteBuf from) {
                    return ByteBufUtil.getBytes(from);
                }
            }, RpcCodec.BYTES);
            assertThat(client.call(ECHO, new byte[]{0}).join()).containsExactly(0);
            assertThat(client.call(calling, new byte[]{1}).join()).containsExactly(1);
            assertThat(inner.getFirst().join()).containsExactly(2);
            assertThat(server.stats().violations()).isZero();
        }
    }

    @Test
    void whatWasToldIsDoneThoughWhoToldItHasLeft() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.frame(Frame.REQUEST, Frame.ONE_WAY, Frame.NO_SLOT, 1, NOTE.hash(), 0));
            Engines.until("it is told", noting::get);
        }
        Engines.until("the connection is gone", () -> server.connections() == 0);
        gate.complete(new byte[0]);
        Engines.until("it is done", () -> noted.get() == 1);
        assertThat(interrupted).hasValue(0);
    }

    @Test
    void aGoodbyeForAViolationNamesTheLastCallThatWasBegun() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(ANGRY, 4), RawPeer.request(ECHO, 3));
            Received goodbye = peer.read();
            assertThat(goodbye.type()).isEqualTo(Frame.GOAWAY);
            assertThat(goodbye.id()).isEqualTo(4);
        }
    }

    @Test
    void theEndOfRequestsThatAreNoStreamIsAViolation() throws IOException {
        try (RawPeer peer = peer()) {
            peer.send(RawPeer.request(WATCH, 1), RawPeer.frame(Frame.END, 0, 0, 1, 0, 0));
            assertThat(peer.read().words()).contains("no stream of requests");
        }
    }

    @Test
    void clientsThatAreClosedLeaveRoomForOthers() {
        for (int i = 0; i < 70; i++) {
            try (RpcClient client = client()) {
                assertThat(client.call(ECHO, new byte[]{1}, RpcOptions.within(Duration.ofSeconds(Long.MAX_VALUE)))
                        .join()).containsExactly(1);
            }
        }
    }

    /** Of a call that goes to another shard, and waits there for the turn of its group. */
    @Test
    void cancelledCallsToAnotherShardDoNotUseUpTheConnection() throws IOException {
        Engine two = Engines.start(EngineConfig.defaults(), 2);
        RpcServer far = RpcServer.bind(two, "far", ServerConfig.of("rpc", 0), RpcLimits.DEFAULTS.withMaxCalls(1),
                service());
        try (RawPeer peer = new RawPeer(far.port()).greet()) {
            int[] slots = {slot(0), slot(1)};
            long id = 0;
            for (int i = 0; i < 100; i++) {
                id++;
                peer.send(later(id, slots[i & 1]),
                        RawPeer.frame(Frame.CANCEL, 0, 0, id, RpcStatus.CANCELLED.code(), 0));
            }
            for (int slot : slots) {
                Received answer;
                do {
                    id++;
                    peer.send(later(id, slot));
                    do {
                        answer = peer.read();
                    } while (answer.id() != id);
                    assertThat(id).as("the connection is free again").isLessThan(100_000);
                } while (answer.type() != Frame.RESPONSE);
            }
        } finally {
            far.close();
            two.close();
        }
    }

    private static int slot(int shard) {
        int slot = 0;
        while (Slots.shardOf(slot, 2) != shard) {
            slot++;
        }
        return slot;
    }

    private static byte[] later(long id, int slot) {
        return RawPeer.frame(Frame.REQUEST, 0, slot, id, LATER.hash(), 0, (byte) 1);
    }
}
