package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.http.exchange.GatherBudget;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a client may not do to a server by its messages. */
class WebSocketAbuseTest {
    private static final String DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate";
    private static final int TEXT = 1;
    private static final int COMPRESSED = 0x40;
    private static final int FIN = 0x80;
    private static SocketFixture fixture;

    @BeforeAll
    static void start() {
        fixture = new SocketFixture(Transport.AUTO, 1, null);
    }

    @AfterEach
    void closeAll() {
        fixture.closeAll();
    }

    @AfterAll
    static void stop() {
        fixture.close();
    }

    private static void compress(int maxMessage) {
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "maxMessage", new ByteSize(maxMessage),
                "compression", Changed.with(WebSocketCompressionConfig.defaults(), "enabled", true)));
    }

    /** What this takes when it is compressed, without its last, empty block. */
    private static byte[] deflated(byte[] plain) {
        Deflater deflater = new Deflater(9, true);
        deflater.setInput(plain);
        byte[] to = new byte[plain.length + 100];
        int length = deflater.deflate(to, 0, to.length, Deflater.SYNC_FLUSH);
        deflater.end();
        return Arrays.copyOf(to, length - 4);
    }

    /** Takes parts of messages, and counts them and what ends it. */
    private static final class Parts implements WebSocketListener.Parts {
        final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();

        @Override
        public void part(WebSocket socket, ByteBuf part, boolean text, boolean last) {
            told.add("part of " + part.readableBytes());
        }

        @Override
        public void closed(WebSocket socket, int code, String reason) {
            told.add("closed " + code);
        }
    }

    @Test
    void nothingIsHandedOverBehindTheEnd() throws Exception {
        compress(1000);
        Parts parts = new Parts();
        WsClient client = fixture.connect(parts, DEFLATE);
        byte[] noise = new byte[900];
        new Random(1).nextBytes(noise);
        client.send(new ClientFrames().frame(COMPRESSED | 2, deflated(noise)).frame(FIN, new byte[900]));
        assertThat(client.frame().closeCode()).isEqualTo(CloseCode.TOO_BIG);
        assertThat(parts.told.poll(60, TimeUnit.SECONDS)).isEqualTo("closed " + CloseCode.TOO_BIG);
        client.close();
        SocketFixture.await("it is gone", () -> fixture.sockets().stats().stream()
                .allMatch(stats -> stats.opened.get() > 0));
        fixture.engine().submitTo(0, () -> true).join();
        assertThat(parts.told).isEmpty();
    }

    /** Deflate's way to say these many zeros as they are. */
    private static void stored(ByteBuffer into, int zeros) {
        into.put((byte) 0).putShort((short) zeros).putShort((short) ~zeros).put(new byte[zeros]);
    }

    @Test
    void aMessageInPartsGivesBackWhatItTookThoughItFillsItsBuffer() throws Exception {
        compress(1 << 20);
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder, DEFLATE);
        ByteBuffer plain = ByteBuffer.allocate(65_544).order(ByteOrder.LITTLE_ENDIAN);
        stored(plain, 65_526);
        // The last byte begins the empty block that is left out.
        stored(plain, 7);
        byte[] all = plain.array();
        for (int i = 0; i < 3; i++) {
            client.send(new ClientFrames().frame(COMPRESSED | 2, Arrays.copyOf(all, 65_536))
                    .frame(FIN, Arrays.copyOfRange(all, 65_536, all.length)));
            client.frame();
        }
        WebSocketConnection socket = (WebSocketConnection) recorder.sockets.getFirst();
        assertThat(fixture.engine().submitTo(0, () -> GatherBudget.of(socket.context().channel()).used()).join())
                .isZero();
        assertThat(recorder.told).filteredOn(told -> told.startsWith("binary")).hasSize(3);
    }

    @Test
    void aMessageOfStreamsWithoutEndIsMalformed() {
        compress(1 << 20);
        WsClient client = fixture.connect(new Recorder(), DEFLATE);
        byte[] ends = new byte[4000];
        for (int i = 0; i < ends.length; i += 2) {
            // A last block with nothing in it.
            ends[i] = 3;
        }
        client.send(new ClientFrames().frame(FIN | COMPRESSED | TEXT, ends));
        assertThat(client.frame().closeCode()).isEqualTo(CloseCode.BAD_DATA);
    }

    @Test
    void othersHaveTheirTurnBetweenMessagesThatAreMuchWhenTheyAreInflated() throws Exception {
        compress(1 << 20);
        AtomicInteger turn = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(60);
        WsClient client = fixture.connect(new WebSocketListener() {
            @Override
            public void text(WebSocket socket, String text) {
                if (turn.getAndIncrement() == 0) {
                    socket.shard().execute(() -> turn.set(0));
                }
                most.accumulateAndGet(turn.get(), Math::max);
                all.countDown();
            }
        }, DEFLATE);
        byte[] bomb = deflated(new byte[300_000]);
        ClientFrames frames = new ClientFrames();
        for (int i = 0; i < 60; i++) {
            frames.frame(FIN | COMPRESSED | TEXT, bomb);
        }
        client.send(frames);
        assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(most.get()).isLessThanOrEqualTo(3);
    }

    @Test
    void ofThePongsThatAClientDoesNotReadTheLastIsKept() throws Exception {
        AtomicInteger open = new AtomicInteger();
        LinkedBlockingQueue<WebSocket> sockets = new LinkedBlockingQueue<>();
        var server = fixture.serve(fixture.sockets().handler(new WebSocketListener() {
            @Override
            public void opened(WebSocket socket) {
                sockets.add(socket);
            }

            @Override
            public void closed(WebSocket socket, int code, String reason) {
                open.incrementAndGet();
            }
        }));
        WsClient client = fixture.client(server, 4096);
        client.ask("/");
        WebSocket socket = Objects.requireNonNull(sockets.poll(60, TimeUnit.SECONDS));
        SocketFixture.await("the socket is full, and something waits", () -> fixture.engine().submitTo(0, () -> {
            if (socket.queuedBytes() == 0) {
                socket.send(Unpooled.wrappedBuffer(new byte[128 << 10]));
                return false;
            }
            return true;
        }).join());
        long before = fixture.engine().submitTo(0, socket::queuedBytes).join();
        ClientFrames pings = new ClientFrames();
        for (int i = 0; i < 20_000; i++) {
            pings.frame(0x89, new byte[]{(byte) (i >> 8), (byte) i});
        }
        client.send(pings);
        long received = pings.bytes().length;
        SocketFixture.await("all is read", () -> fixture.count(stats -> stats.bytesIn.get()) >= received);
        assertThat(fixture.engine().submitTo(0, socket::queuedBytes).join()).isEqualTo(before);
        WsClient.Frame frame = client.frame();
        int pongs = 0;
        while (frame.opcode() != 10 || frame.payload()[0] != 20_000 - 1 >> 8
                || frame.payload()[1] != (byte) (20_000 - 1)) {
            pongs += frame.opcode() == 10 ? 1 : 0;
            frame = client.frame();
        }
        assertThat(pongs).isLessThan(20_000);
        assertThat(open).hasValue(0);
    }
}
