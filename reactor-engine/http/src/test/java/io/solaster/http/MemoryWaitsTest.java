package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.zip.Deflater;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.body.Multipart;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.Patience;
import io.solaster.http.exchange.Request;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Who gathers something waits where others have all the memory that there is for that. HTTP/1: {@link HostileClientTest}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MemoryWaitsTest {
    private static final String UPGRADE = "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    private static final WebSocketConfig COMPRESSED = Changed.with(WebSocketConfig.defaults(), "compression",
            Changed.with(WebSocketCompressionConfig.defaults(), "enabled", true));
    /** Behind a frame's first byte: 2,000 bytes, masked by zeros. */
    private static final String PIECE = "\u00fe\u0007\u00d0\0\0\0\0" + "x".repeat(2_000);
    private static final String FORM = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";

    private final BlockingQueue<Integer> messages = new LinkedBlockingQueue<>();
    private final AtomicReference<HttpShard> shard = new AtomicReference<>();
    private HttpFixture fixture;
    private TcpServer server;

    @BeforeAll
    void start() {
        fixture = new HttpFixture(Transport.AUTO, 1);
    }

    /** With all memory taken, and clients that wait for as long as a test takes. */
    @BeforeEach
    void serve() {
        HttpHandler socket = WebSockets.on(fixture.engine(), COMPRESSED)
                .handler(request -> new WebSocketListener() {
                    @Override
                    public void text(WebSocket to, String text) {
                        messages.add(text.length());
                    }
                });
        HttpHandler form = HttpHandler
                .streaming(HttpHandler.async((request, response) -> Multipart.read(request, response)
                        .thenAccept(read -> response.send("a=" + read.form().required("a")))));
        HttpHandler body = HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(bytes -> response.send(bytes.readableBytes() + " bytes")));
        ServerConfig defaults = ServerConfig.of("http", 0);
        server = fixture.serve(
                Changed.with(defaults, "http", Changed.with(defaults.http(), "bodyTimeout", Duration.ofMinutes(10))),
                (request, response) -> {
                    switch (request.path()) {
                        case "/fill" -> {
                            shard.set(((Request) request).exchange().shard());
                            GatherBudget budget = shard.get().budget();
                            Patience.isLong(budget);
                            budget.take(budget.limit() - budget.used(), 0);
                            response.send("full");
                        }
                        case "/socket" -> socket.handle(request, response);
                        case "/form" -> form.handle(request, response);
                        case "/body" -> body.handle(request, response);
                        default -> response.send("ok");
                    }
                });
        assertThat(fixture.connect(server).get("/fill").body()).isEqualTo("full");
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    void stop() throws Exception {
        fixture.close();
    }

    private long ask(ToLongFunction<GatherBudget> what) {
        return fixture.engine().submitTo(0, () -> what.applyAsLong(shard.get().budget())).join();
    }

    private void tell(Consumer<GatherBudget> what) {
        ask(budget -> {
            what.accept(budget);
            return 0;
        });
    }

    private void awaitWaiting(int count) {
        HttpFixture.await(count + " wait", () -> ask(GatherBudget::waiting) == count);
        assertThat(ask(budget -> budget.used() - budget.limit())).as("taken meanwhile").isZero();
    }

    private void giveAllBack() {
        tell(budget -> budget.give(budget.limit()));
    }

    private void awaitNothingTaken() {
        HttpFixture.await("all was given back", () -> ask(GatherBudget::used) == 0);
        assertThat(ask(GatherBudget::waiting)).isZero();
    }

    // ---- HTTP/2

    @Test
    void aStreamWaitsForMemoryWhileOthersAreServed() {
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int id = client.head("POST", "/body", false);
        client.data(id, "x".repeat(10_000), false);
        awaitWaiting(1);
        client.data(id, "y".repeat(10_000), false);
        assertThat(client.get("/").body()).isEqualTo("ok");
        awaitWaiting(1);
        giveAllBack();
        client.data(id, "z", true);
        assertThat(client.answer(id).body()).isEqualTo("20001 bytes");
        awaitNothingTaken();
    }

    @Test
    void aStreamThatIsResetWaitsNoMore() {
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int id = client.head("POST", "/body", false);
        client.data(id, "x", false);
        awaitWaiting(1);
        client.reset(id, 8);
        awaitWaiting(0);
        assertThat(client.get("/").body()).isEqualTo("ok");
    }

    @Test
    void aStreamThatWaitsForTooLongIsAnsweredWith503() {
        tell(Patience::isOver);
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int id = client.head("POST", "/body", false);
        client.data(id, "x", false);
        assertThat(client.answer(id).status()).isEqualTo(503);
        awaitWaiting(0);
        assertThat(client.get("/").body()).isEqualTo("ok");
    }

    @Test
    void onlySomeKeepWhatHasComeWhileTheyWait() {
        List<GatherBudget.Waiter> waiting = new ArrayList<>();
        tell(budget -> {
            for (int i = 0; i < 300; i++) {
                GatherBudget.Waiter next = new Silent();
                if (budget.waitFor(next, 1, Long.MAX_VALUE, true)) {
                    waiting.add(next);
                }
            }
        });
        assertThat(waiting).hasSize(256);
        assertThat(ask(budget -> budget.waitFor(new Silent(), 1, 0, false) ? 1 : 0)).as("one that keeps nothing")
                .isOne();
        tell(budget -> {
            budget.leave(waiting.getFirst());
            budget.leave(waiting.getFirst());
        });
        assertThat(ask(budget -> budget.waitFor(new Silent(), 1, 0, true) ? 1 : 0)).as("one more").isOne();
        assertThat(ask(budget -> budget.waitFor(new Silent(), 1, 0, true) ? 1 : 0)).as("and another").isZero();
    }

    private static final class Silent implements GatherBudget.Waiter {
        @Override
        public void hasMemory(long bytes) {
            // Nobody gives any back.
        }

        @Override
        public void hasNoMemory() {
            // Nobody hears of it.
        }
    }

    // ---- forms

    private RawClient postForm() {
        return fixture.connect(server).send("POST /form HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data;"
                + " boundary=b\r\nContent-Length: " + FORM.length() + "\r\n\r\n" + FORM);
    }

    @Test
    void aFormWaitsForMemory() {
        RawClient client = postForm();
        awaitWaiting(1);
        giveAllBack();
        assertThat(client.answer().body()).isEqualTo("a=1");
        awaitNothingTaken();
    }

    @Test
    void aFormThatWaitsForTooLongIsAnsweredWith503() {
        tell(Patience::isOver);
        assertThat(postForm().answer().status()).isEqualTo(503);
        awaitWaiting(0);
    }

    @Test
    void aFormOfAStreamWaitsForMemory() {
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        int id = client.head("POST", "/form", false, "content-type", "multipart/form-data; boundary=b");
        client.data(id, FORM.substring(0, 20), false);
        awaitWaiting(1);
        client.data(id, FORM.substring(20), true);
        assertThat(client.get("/").body()).isEqualTo("ok");
        giveAllBack();
        assertThat(client.answer(id).body()).isEqualTo("a=1");
        awaitNothingTaken();
    }

    // ---- WebSockets

    private RawClient upgraded() {
        RawClient client = fixture.connect(server).send(UPGRADE);
        assertThat(client.answerToHead().status()).isEqualTo(101);
        return client;
    }

    @Test
    void aMessageInPartsWaitsForMemory() throws Exception {
        RawClient client = upgraded().send("\1" + PIECE);
        awaitWaiting(1);
        client.send("\u0080" + PIECE + "\u0081" + PIECE);
        giveAllBack();
        assertThat(messages.poll(1, TimeUnit.MINUTES)).isEqualTo(4_000);
        assertThat(messages.poll(1, TimeUnit.MINUTES)).isEqualTo(2_000);
        awaitNothingTaken();
    }

    @Test
    void aCompressedMessageWaitsForMemory() throws Exception {
        byte[] packed = new byte[100];
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
        deflater.setInput(new byte[3_000]);
        int length = deflater.deflate(packed, 0, packed.length, Deflater.SYNC_FLUSH) - 4;
        deflater.end();
        StringBuilder frame = new StringBuilder().append('\u00c1').append((char) (0x80 | length)).append("\0\0\0\0");
        for (int i = 0; i < length; i++) {
            frame.append((char) (packed[i] & 0xFF));
        }
        upgraded().send(frame + "\u0081" + PIECE);
        awaitWaiting(1);
        giveAllBack();
        assertThat(messages.poll(1, TimeUnit.MINUTES)).isEqualTo(3_000);
        assertThat(messages.poll(1, TimeUnit.MINUTES)).isEqualTo(2_000);
        awaitNothingTaken();
    }

    @Test
    void aMessageThatWaitsForTooLongIsRefused() {
        tell(Patience::isOver);
        assertThat(upgraded().send("\1" + PIECE).rest()).startsWith("\u0088")
                .contains("\u0003\u00f5too many messages at once");
        awaitWaiting(0);
    }

    @Test
    void aClientThatLeavesWaitsNoMore() throws Exception {
        RawClient client = upgraded().send("\1" + PIECE);
        awaitWaiting(1);
        client.close();
        server.drain(Duration.ofMillis(1));
        awaitWaiting(0);
    }
}
