package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.MeshConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.server.WebSocketQueueConfig;
import io.solaster.config.server.WebSocketQueueConfig.Policy;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.http.websocket.WsClient.Frame;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** What every transport serves. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 180, unit = TimeUnit.SECONDS)
abstract class WebSocketServerTest {
    private final Transport transport;
    private SocketFixture fixture;

    WebSocketServerTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeAll
    void start() {
        fixture = new SocketFixture(transport, 2, null);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    void stop() throws Exception {
        // There is none where the machine lacks the transport.
        if (fixture != null) {
            fixture.close();
        }
    }

    // ---- messages

    @Test
    @Tag("smoke")
    void answersMessagesOfEveryLength() throws Exception {
        Recorder echo = new Recorder();
        WsClient client = fixture.connect(echo);
        Random random = new Random(1);
        for (int length : new int[]{0, 1, 125, 126, 127, 4096, 4097, 65535, 65536, 300_000}) {
            String text = "x".repeat(length);
            client.sendText(text);
            assertThat(client.frame().text()).isEqualTo(text);
            String wide = "ü€😀".repeat(length / 9);
            client.sendText(wide);
            assertThat(client.frame().text()).isEqualTo(wide);
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            client.send(new ClientFrames().frame(0x82, bytes));
            Frame answer = client.frame();
            assertThat(answer.opcode()).isEqualTo(2);
            assertThat(answer.payload()).isEqualTo(bytes);
        }
        assertThat(echo.next()).isEqualTo("opened /chat");
    }

    @Test
    void readsWhatComesWithTheRequest() {
        TcpServer server = fixture.serve(fixture.sockets().handler(new Recorder()));
        WsClient client = fixture.client(server, 0);
        String head = client.ask(WsClient.request("/chat"), new ClientFrames().text("early").bytes());
        assertThat(head).startsWith("HTTP/1.1 101 ").contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "Upgrade: websocket", "Connection: Upgrade");
        assertThat(client.message()).isEqualTo("1 early");
    }

    @Test
    @Tag("smoke")
    void answersABatchInOrder() {
        WsClient client = fixture.connect(new Recorder());
        ClientFrames frames = new ClientFrames();
        for (int i = 0; i < 3000; i++) {
            frames.text("message " + i);
        }
        client.send(frames);
        for (int i = 0; i < 3000; i++) {
            assertThat(client.message()).isEqualTo("1 message " + i);
        }
    }

    @Test
    void putsFragmentsTogetherAndAnswersPingsBetweenThem() throws Exception {
        Recorder echo = new Recorder();
        WsClient client = fixture.connect(echo);
        byte[] euro = "€".getBytes(StandardCharsets.UTF_8);
        client.send(new ClientFrames().frame(0x01, new byte[]{'a', euro[0]}));
        client.send(new ClientFrames().frame(0x89, new byte[]{7}));
        assertThat(client.message()).isEqualTo("10 07");
        client.send(new ClientFrames().frame(0x00, new byte[]{euro[1]}).frame(0x00, new byte[0])
                .frame(0x80, new byte[]{euro[2], 'b'}));
        assertThat(client.message()).isEqualTo("1 a€b");
        client.send(new ClientFrames().frame(0x02, new byte[]{1}).frame(0x80, new byte[]{2}));
        assertThat(client.message()).isEqualTo("2 0102");
        assertThat(echo.next()).startsWith("opened");
        assertThat(echo.next()).isEqualTo("ping 07");
        assertThat(echo.next()).isEqualTo("text a€b");
    }

    @Test
    void handsPartsOverAsTheyCome() throws Exception {
        List<String> parts = new ArrayList<>();
        CompletableFuture<Integer> whole = new CompletableFuture<>();
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "maxMessage", new ByteSize(1000)));
        WsClient client = fixture.connect(new WebSocketListener.Parts() {
            private int sum;

            @Override
            public void part(WebSocket socket, ByteBuf part, boolean text, boolean last) {
                sum += part.readableBytes();
                parts.add(text + " " + last);
                if (last) {
                    whole.complete(sum);
                }
            }
        });
        for (int i = 0; i < 20; i++) {
            client.send(new ClientFrames().frame(i == 0 ? 0x02 : i == 19 ? 0x80 : 0x00, new byte[50_000]));
        }
        assertThat(whole.get(60, TimeUnit.SECONDS)).isEqualTo(1_000_000);
        assertThat(parts.getLast()).isEqualTo("false true");
        assertThat(parts.subList(0, parts.size() - 1)).containsOnly("false false");
    }

    @Test
    void sendsWhatItHasBeforeItTellsOfABadFrame() {
        WsClient client = fixture.connect((WebSocketListener.Parts) (socket, part, text, last) -> socket
                .sendPart(part.retain(), text, last));
        // Both come at once.
        client.send(
                new ClientFrames().frame(0x81, "echo".getBytes(StandardCharsets.US_ASCII)).frame(0x8B, new byte[0]));
        assertThat(client.frame()).hasToString("1 echo");
        assertThat(client.frame().closeCode()).isEqualTo(CloseCode.PROTOCOL_ERROR);
    }

    @Test
    void handsOverTheBytesThemselvesToWhoWantsThem() {
        WebSocketListener.Raw raw = (socket, payload, text) -> {
            if (text) {
                socket.sendText(payload.retain());
            } else {
                socket.send(payload.retainedSlice(0, 1));
            }
        };
        WsClient client = fixture.connect(raw);
        client.sendText("grüße");
        assertThat(client.message()).isEqualTo("1 grüße");
        client.send(new ClientFrames().frame(0x82, new byte[]{1, 2, 3}));
        assertThat(client.message()).isEqualTo("2 01");
    }

    @Test
    @Tag("smoke")
    void sendsAMessageInPartsAndKeepsOthersBehindIt() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        assertThat(recorder.next()).startsWith("opened");
        WebSocket socket = recorder.sockets.getFirst();
        socket.sendPart(text("a"), true, false);
        socket.send("other");
        socket.ping(text("?"));
        socket.sendPart(text("b"), true, false);
        socket.sendPart(text("c"), true, true);
        socket.send("last");
        List<String> frames = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            frames.add(client.frame().toString());
        }
        assertThat(frames).containsExactly("1+ a", "9 3f", "0+ b", "0 c", "1 other", "1 last");
    }

    @Test
    void sendsFromAnyThreadInTheOrderOfItsCalls() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        assertThat(recorder.next()).startsWith("opened");
        WebSocket socket = recorder.sockets.getFirst();
        for (int i = 0; i < 1000; i++) {
            socket.send("here " + i);
        }
        socket.send(Unpooled.wrappedBuffer(new byte[20_000]));
        socket.close();
        for (int i = 0; i < 1000; i++) {
            assertThat(client.message()).isEqualTo("1 here " + i);
        }
        assertThat(client.frame().payload()).hasSize(20_000);
        assertThat(client.message()).isEqualTo("8 1000");
        assertThat(socket.send("too late")).isFalse();
    }

    @Test
    void sendsFromStraightLineCodeOnItsShard() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        assertThat(recorder.next()).startsWith("opened");
        WebSocket socket = recorder.sockets.getFirst();
        socket.shard().fork(() -> {
            for (int i = 0; i < 10; i++) {
                socket.send("fork " + i);
                Thread.sleep(1);
            }
            socket.close(4000, "done");
            return true;
        });
        for (int i = 0; i < 10; i++) {
            assertThat(client.message()).isEqualTo("1 fork " + i);
        }
        assertThat(client.message()).isEqualTo("8 4000");
    }

    @Test
    void talksInStraightLineCode() throws Exception {
        CompletableFuture<String> end = new CompletableFuture<>();
        WsClient client = fixture.connect(fixture.sockets().conversation(talk -> {
            talk.send("your name?");
            String name = talk.receive();
            Thread.sleep(1);
            for (int i = 0; i < 100; i++) {
                talk.send(name + " " + talk.receive());
            }
            talk.send("wait");
            end.complete(String.valueOf(talk.receive()));
        }));
        assertThat(client.message()).isEqualTo("1 your name?");
        ClientFrames frames = new ClientFrames().text("Ada");
        for (int i = 0; i < 100; i++) {
            frames.text("says " + i);
        }
        client.send(frames);
        for (int i = 0; i < 100; i++) {
            assertThat(client.message()).isEqualTo("1 Ada says " + i);
        }
        assertThat(client.message()).isEqualTo("1 wait");
        client.send(new ClientFrames().close(1000, ""));
        assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo("null");
        WsClient failing = fixture.connect(fixture.sockets().conversation(talk -> {
            throw new IllegalStateException("on purpose");
        }));
        assertThat(failing.message()).isEqualTo("8 1011");
        WsClient done = fixture.connect(fixture.sockets().conversation(talk -> talk.send("that was it")));
        assertThat(done.message()).isEqualTo("1 that was it");
        assertThat(done.message()).isEqualTo("8 1000");
    }

    @Test
    void handsNothingOverWhilePaused() throws Exception {
        Recorder recorder = new Recorder() {
            @Override
            public void text(WebSocket socket, String text) throws Exception {
                super.text(socket, text);
                if (text.equals("pause")) {
                    socket.pause();
                }
            }
        };
        WsClient client = fixture.connect(recorder);
        client.send(new ClientFrames().text("a").text("pause").text("b"));
        assertThat(client.message()).isEqualTo("1 a");
        assertThat(client.message()).isEqualTo("1 pause");
        client.sendText("c");
        assertThat(recorder.next()).startsWith("opened");
        assertThat(recorder.next()).isEqualTo("text a");
        assertThat(recorder.next()).isEqualTo("text pause");
        assertThat(recorder.told.poll(50, TimeUnit.MILLISECONDS)).isNull();
        recorder.sockets.getFirst().resume();
        assertThat(client.message()).isEqualTo("1 b");
        assertThat(client.message()).isEqualTo("1 c");
    }

    @Test
    void nothingIsReadWhileMuchWaitsForItsTurn() {
        byte[] message = new ClientFrames().text("0123").bytes();
        byte[] all = new byte[100_000 * message.length];
        for (int at = 0; at < all.length; at += message.length) {
            System.arraycopy(message, 0, all, at, message.length);
        }
        long before = fixture.count(stats -> stats.bytesIn.get());
        AtomicLong handled = new AtomicLong();
        AtomicLong most = new AtomicLong();
        WsClient client = fixture.connect(new WebSocketListener() {
            @Override
            public void text(WebSocket socket, String text) {
                while (handled.get() % 64 == 0 && !Shard.needPreempt()) {
                    Thread.onSpinWait();
                }
                long waits = fixture.count(stats -> stats.bytesIn.get()) - before - handled.get() * message.length;
                most.accumulateAndGet(waits, Math::max);
                handled.incrementAndGet();
            }
        });
        client.send(all);
        SocketFixture.await("all are handled", () -> handled.get() == all.length / message.length);
        assertThat(all.length).isGreaterThan(900_000);
        // What may wait, and what a turn brings.
        assertThat(most.get()).isBetween(1L, 4L * (64 << 10));
    }

    // ---- the end

    @Test
    void answersACloseWithItsCode() throws Exception {
        for (int code : new int[]{1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999}) {
            Recorder recorder = new Recorder();
            WsClient client = fixture.connect(recorder);
            client.send(new ClientFrames().close(code, "gründe"));
            assertThat(client.message()).isEqualTo("8 " + code);
            assertThat(client.isAtEnd()).isTrue();
            assertThat(recorder.next()).startsWith("opened");
            assertThat(recorder.next()).isEqualTo("closed " + code + " gründe");
        }
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        client.send(new ClientFrames().frame(0x88, new byte[0]));
        assertThat(client.message()).isEqualTo("8 1005");
        assertThat(client.isAtEnd()).isTrue();
        recorder.next();
        assertThat(recorder.next()).isEqualTo("closed 1005 ");
    }

    @Test
    void refusesAMalformedClose() throws Exception {
        for (int code : new int[]{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
            assertRefused(new ClientFrames().close(code, "x"), 1002);
        }
        assertRefused(new ClientFrames().frame(0x88, new byte[]{3}), 1002);
        assertRefused(new ClientFrames().frame(0x88, new byte[]{3, (byte) 0xE8, (byte) 0xFF}), 1007);
    }

    @Test
    void tellsWhatTheClientDidWrong() throws Exception {
        assertRefused(new ClientFrames().unmasked(0x81, new byte[]{'a'}), 1002);
        assertRefused(new ClientFrames().frame(0xC1, new byte[]{'a'}), 1002);
        assertRefused(new ClientFrames().frame(0x83, new byte[]{'a'}), 1002);
        assertRefused(new ClientFrames().frame(0x89, new byte[126]), 1002);
        assertRefused(new ClientFrames().frame(0x80, new byte[1]), 1002);
        assertRefused(new ClientFrames().frame(0x81, new byte[]{(byte) 0xC3, 0x28}), 1007);
        assertRefused(new ClientFrames().header(0x82, 1 << 21, 8, true), 1009);
        ClientFrames long_ = new ClientFrames().frame(0x02, new byte[900_000]).frame(0x00, new byte[900_000]);
        assertRefused(long_, 1009);
        // Much behind it, which must not destroy the answer.
        assertRefused(new ClientFrames().frame(0x83, new byte[1]).frame(0x82, new byte[1_000_000]), 1002);
    }

    private void assertRefused(ClientFrames frames, int code) throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        Thread sender = Thread.ofVirtual().start(() -> {
            try {
                client.send(frames);
            } catch (java.io.UncheckedIOException closed) {
                // It need not take all of it.
            }
        });
        assertThat(client.message()).isEqualTo("8 " + code);
        assertThat(client.isAtEnd()).isTrue();
        client.close();
        sender.join();
        recorder.next();
        assertThat(recorder.next()).startsWith("closed " + code);
    }

    @Test
    void endsAConversationAndWaitsForTheAnswer() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        recorder.next();
        recorder.sockets.getFirst().close(4001, "enough");
        Frame close = client.frame();
        assertThat(close.closeCode()).isEqualTo(4001);
        client.send(new ClientFrames().text("ignored").close(4001, ""));
        assertThat(client.isAtEnd()).isTrue();
        assertThat(recorder.next()).isEqualTo("closed 4001 enough");
        assertThat(recorder.told).isEmpty();
    }

    @Test
    void cutsWhoDoesNotAnswerAClose() throws Exception {
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "pingInterval", Duration.ZERO,
                "idleTimeout", Duration.ZERO, "closeTimeout", Duration.ofMillis(20)));
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        recorder.next();
        recorder.sockets.getFirst().close(1000, "");
        assertThat(client.message()).isEqualTo("8 1000");
        assertThat(client.isAtEnd()).isTrue();
        assertThat(recorder.next()).isEqualTo("closed 1000 ");
    }

    @Test
    void tellsThatTheClientWentWithoutAWord() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        client.sendText("a");
        assertThat(client.message()).isEqualTo("1 a");
        client.send(new byte[]{(byte) 0x81});
        client.close();
        recorder.next();
        recorder.next();
        assertThat(recorder.next()).isEqualTo("closed 1006 ");
    }

    @Test
    void cutsTheConnectionOnDemand() throws Exception {
        Recorder recorder = new Recorder();
        WsClient client = fixture.connect(recorder);
        recorder.next();
        recorder.sockets.getFirst().abort();
        assertThat(client.isAtEnd()).isTrue();
        assertThat(recorder.next()).isEqualTo("closed 1006 ");
    }

    @Test
    void endsWith1011WhereTheListenerFails() throws Exception {
        WsClient client = fixture.connect(new WebSocketListener() {
            @Override
            public void text(WebSocket socket, String text) {
                throw new IllegalStateException("on purpose");
            }
        });
        client.send(new ClientFrames().text("a").text("b"));
        assertThat(client.message()).isEqualTo("8 1011");
    }

    @Test
    void refusesWhatTheListenerDoesNotTake() {
        WsClient client = fixture.connect(new WebSocketListener() {});
        client.sendText("a");
        assertThat(client.message()).isEqualTo("8 1003");
    }

    @Test
    void endsEveryConversationWhereTheServerDrains() throws Exception {
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        WsClient polite = fixture.connect(server);
        WsClient silent = fixture.connect(server);
        recorder.next();
        recorder.next();
        CompletableFuture<Integer> cut = CompletableFuture.supplyAsync(() -> server.drain(Duration.ofSeconds(2)));
        assertThat(polite.message()).isEqualTo("8 1001");
        polite.send(new ClientFrames().close(1001, ""));
        assertThat(polite.isAtEnd()).isTrue();
        assertThat(silent.message()).isEqualTo("8 1001");
        assertThat(silent.isAtEnd()).isTrue();
        assertThat(cut.get(60, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(recorder.next()).startsWith("closed 1001");
        assertThat(recorder.next()).startsWith("closed 1001");
    }

    // ---- clients that do not read

    @Test
    void tellsSendersToWaitAndReadsNoMoreOfAClientThatDoesNotRead() throws Exception {
        fixture.sockets().reconfigure(
                Changed.with(WebSocketConfig.defaults(), "queue",
                        new WebSocketQueueConfig(new ByteSize(64 << 10), Policy.WAIT)));
        WebSocketListener.Raw echo = (socket, payload, text) -> socket.send(payload.retain());
        TcpServer server = fixture.serve(fixture.sockets().handler(echo));
        WsClient client = fixture.client(server, 4096);
        client.ask("/chat");
        int messages = 4000;
        Thread sender = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < messages; i++) {
                byte[] payload = new byte[8000];
                payload[0] = (byte) i;
                client.send(new ClientFrames().frame(0x82, payload));
            }
        });
        // 32 MB are on their way; the server stops to read, and nothing is lost.
        for (int i = 0; i < messages; i++) {
            assertThat(client.frame().payload()[0]).isEqualTo((byte) i);
        }
        sender.join();
    }

    @Test
    void waitsUntilThereIsRoom() throws Exception {
        fixture.sockets().reconfigure(
                Changed.with(WebSocketConfig.defaults(), "queue",
                        new WebSocketQueueConfig(new ByteSize(16 << 10), Policy.WAIT)));
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        WsClient client = fixture.client(server, 4096);
        client.ask("/chat");
        recorder.next();
        WebSocket socket = recorder.sockets.getFirst();
        CompletableFuture<Integer> sent = socket.shard().fork(() -> {
            int count = 0;
            int waits = 0;
            while (waits < 3) {
                count++;
                if (!socket.send("x".repeat(1000))) {
                    waits++;
                    socket.whenWritable().get();
                }
            }
            socket.send("that is all");
            return count;
        }).future();
        int received = 0;
        for (Frame frame = client.frame(); !frame.text().equals("that is all"); frame = client.frame()) {
            assertThat(frame.payload()).hasSize(1000);
            received++;
        }
        assertThat(received).isEqualTo(sent.get(60, TimeUnit.SECONDS));
        assertThat(recorder.next()).isEqualTo("writable");
    }

    @Test
    void letsGoOfAClientThatNobodyWaitsFor() throws Exception {
        fixture.sockets()
                .reconfigure(Changed.with(WebSocketConfig.defaults(), "queue",
                        new WebSocketQueueConfig(new ByteSize(32 << 10), Policy.WAIT), "pingInterval", Duration.ZERO,
                        "idleTimeout", Duration.ZERO, "closeTimeout", Duration.ofMillis(200)));
        assertThat(floods(-1)).isEqualTo("closed 1008 too slow to read");
    }

    @Test
    void letsGoOfAClientAtOnceIfToldSo() throws Exception {
        fixture.sockets()
                .reconfigure(Changed.with(WebSocketConfig.defaults(), "queue",
                        new WebSocketQueueConfig(new ByteSize(32 << 10), Policy.CLOSE), "pingInterval", Duration.ZERO,
                        "idleTimeout", Duration.ZERO, "closeTimeout", Duration.ofMillis(200)));
        assertThat(floods(-1)).isEqualTo("closed 1008 too slow to read");
    }

    @Test
    void dropsWhatIsNewest() throws Exception {
        List<Integer> numbers = dropping(Policy.DROP_NEWEST);
        assertThat(numbers.getFirst()).isZero();
        // What came before the queue was full is there without a gap.
        assertThat(numbers.get(20)).isEqualTo(20);
        assertThat(numbers).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void dropsWhatIsOldest() throws Exception {
        List<Integer> numbers = dropping(Policy.DROP_OLDEST);
        assertThat(numbers.getFirst()).isZero();
        assertThat(numbers.getLast()).isEqualTo(FLOOD - 1);
        assertThat(numbers.get(numbers.size() - 20)).isEqualTo(FLOOD - 20);
        assertThat(numbers).isSorted().doesNotHaveDuplicates();
    }

    private static final int FLOOD = 20_000;

    private List<Integer> dropping(Policy policy) throws Exception {
        fixture.sockets().reconfigure(Changed.with(WebSocketConfig.defaults(), "queue",
                new WebSocketQueueConfig(new ByteSize(64 << 10), policy)));
        long before = fixture.count(stats -> stats.dropped.get());
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        WsClient client = fixture.client(server, 4096);
        client.ask("/chat");
        recorder.next();
        WebSocket socket = recorder.sockets.getFirst();
        socket.shard().submit(() -> {
            for (int i = 0; i < FLOOD; i++) {
                socket.send(Unpooled.directBuffer(1000).writeInt(i).writeZero(996));
            }
        }).get();
        socket.close();
        List<Integer> numbers = new ArrayList<>();
        for (Frame frame = client.frame(); frame.opcode() == 2; frame = client.frame()) {
            numbers.add(Unpooled.wrappedBuffer(frame.payload()).readInt());
        }
        assertThat(numbers.size()).isLessThan(FLOOD);
        assertThat(fixture.count(stats -> stats.dropped.get()) - before).isEqualTo(FLOOD - numbers.size());
        return numbers;
    }

    /** Sends to a client that does not read until the conversation ends. */
    private String floods(int most) throws Exception {
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        WsClient client = fixture.client(server, 4096);
        client.ask("/chat");
        recorder.next();
        WebSocket socket = recorder.sockets.getFirst();
        for (int i = 0; i != most && recorder.told.isEmpty(); i++) {
            socket.shard().submit(() -> {
                socket.send("x".repeat(10_000));
                return true;
            }).get();
        }
        return recorder.next();
    }

    // ---- many

    @Test
    void reachesEverybodyOnceFromAnyThread() throws Exception {
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        List<WsClient> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(fixture.connect(server));
            recorder.next();
        }
        fixture.sockets().broadcast("from outside");
        fixture.engine().submitTo(1, () -> {
            fixture.sockets().broadcast("from shard 1");
            return true;
        }).get();
        ByteBuf large = Unpooled.directBuffer(100_000).writeZero(100_000);
        fixture.sockets().broadcast(large);
        for (WsClient client : clients) {
            // Each of the two threads has an order of its own.
            List<String> got = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Frame frame = client.frame();
                got.add(frame.opcode() == 1 ? frame.text() : frame.payload().length + " bytes");
            }
            assertThat(got).containsExactlyInAnyOrder("from outside", "from shard 1", "100000 bytes")
                    .containsSubsequence("from outside", "100000 bytes");
            client.sendText("end");
            assertThat(client.message()).isEqualTo("1 end");
        }
        SocketFixture.await("the payload is released", () -> large.refCnt() == 0);
    }

    /** A shard that runs few messages a second reads its lane at once: what waits there counts. */
    @Test
    void readsNoMoreFromWhoBroadcastsThanTheOtherShardsRun() throws Exception {
        Engine engine = fixture.engine();
        int mark = 32;
        int messages = 2_000;
        EngineConfig before = engine.config();
        engine.reconfigure(Changed.with(before, "mesh", new MeshConfig(before.mesh().laneCapacity(), mark))).get();
        AtomicInteger heard = new AtomicInteger();
        CompletableFuture<WebSocket> opened = new CompletableFuture<>();
        WsClient client = fixture.connect(new WebSocketListener() {
            @Override
            public void opened(WebSocket socket) {
                opened.complete(socket);
            }

            @Override
            public void text(WebSocket socket, String text) {
                heard.incrementAndGet();
                fixture.sockets().broadcast(text);
            }
        });
        Shard source = opened.get(60, TimeUnit.SECONDS).shard();
        Shard other = engine.shard(1 - source.id());
        SchedulingGroup web = engine.groups().byDefault();
        GroupConfig config = web.config();
        web.update(config.withRateLimit(10));
        long saturations = source.stats().laneSaturations.get();
        ClientFrames frames = new ClientFrames();
        for (int i = 0; i < messages; i++) {
            frames.text("x");
        }
        client.send(frames);
        SocketFixture.await("the lane is full", () -> source.stats().laneSaturations.get() > saturations);
        assertThat(engine.submitTo(other.id(), CallOptions.in(engine.groups().critical()), other::pendingTasks)
                .get(60, TimeUnit.SECONDS)).isLessThanOrEqualTo(mark);
        assertThat(heard).hasValueLessThan(2 * mark);

        web.update(config);
        for (int i = 0; i < messages; i++) {
            assertThat(client.frame().text()).isEqualTo("x");
        }
        assertThat(heard).hasValue(messages);
        engine.reconfigure(before).get();
    }

    @Test
    void releasesABroadcastThatWaitsForSomebodyWhoGoes() throws Exception {
        Recorder recorder = new Recorder();
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        WsClient client = fixture.client(server, 4096);
        client.ask("/chat");
        recorder.next();
        List<ByteBuf> sent = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            ByteBuf payload = Unpooled.directBuffer(100_000).writeZero(100_000);
            sent.add(payload);
            fixture.sockets().broadcast(payload);
        }
        SocketFixture.await("somebody was too slow, or waits", () -> fixture.count(stats -> stats.bytesOut.get()) > 0);
        client.close();
        SocketFixture.await("all are released", () -> sent.stream().allMatch(each -> each.refCnt() == 0));
    }

    @Test
    void keepsRoomsApart() throws Exception {
        Rooms rooms = fixture.sockets().rooms();
        WebSocketHandler chat = fixture.sockets().handler(request -> {
            String room = request.query("room");
            return new Recorder() {
                @Override
                public void opened(WebSocket socket) {
                    rooms.join(room, socket);
                    rooms.join(room, socket);
                    socket.send("welcome");
                }

                @Override
                public void text(WebSocket socket, String text) {
                    switch (text) {
                        case "leave" -> rooms.leave(room, socket);
                        case "others" -> rooms.broadcast(room, "for others", socket);
                        default -> rooms.broadcast(room, text);
                    }
                    socket.send("done");
                }
            };
        });
        TcpServer server = fixture.serve(chat);
        List<WsClient> red = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            WsClient client = fixture.client(server, 0);
            client.ask(i < 6 ? "/chat?room=red" : "/chat?room=blue");
            assertThat(client.message()).isEqualTo("1 welcome");
            red.add(client);
        }
        List<WsClient> blue = red.subList(6, 8);
        red = red.subList(0, 6);
        assertThat(rooms.members("red").get()).isEqualTo(6);
        assertThat(rooms.members("blue").get()).isEqualTo(2);
        assertThat(rooms.members("green").get()).isZero();

        red.getFirst().sendText("hello");
        for (WsClient each : red) {
            assertThat(each.message()).isIn("1 hello", "1 done");
        }
        assertThat(red.getFirst().message()).isIn("1 hello", "1 done");
        blue.getFirst().sendText("others");
        assertThat(blue.getFirst().message()).isEqualTo("1 done");
        assertThat(blue.getLast().message()).isEqualTo("1 for others");

        red.getFirst().sendText("leave");
        assertThat(red.getFirst().message()).isEqualTo("1 done");
        assertThat(rooms.members("red").get()).isEqualTo(5);
        for (WsClient each : red.subList(1, 6)) {
            each.close();
        }
        SocketFixture.await("nobody is in there", () -> rooms.members("red").join() == 0);
        for (WsClient each : blue) {
            each.close();
        }
        SocketFixture.await("there are no rooms", () -> rooms.count().join() == 0);
    }

    @Test
    void readsOnWhereABroadcastFillsALane() throws Exception {
        Recorder recorder = new Recorder() {
            @Override
            public void text(WebSocket socket, String text) {
                fixture.sockets().broadcast(text);
            }
        };
        TcpServer server = fixture.serve(fixture.sockets().handler(recorder));
        List<WsClient> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(fixture.connect(server));
        }
        int count = 20_000;
        Thread.ofPlatform().start(() -> {
            for (int i = 0; i < count; i++) {
                clients.getFirst().sendText("message " + i);
            }
        });
        List<Thread> readers = new ArrayList<>();
        List<String> wrong = new java.util.concurrent.CopyOnWriteArrayList<>();
        for (WsClient client : clients) {
            readers.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < count && wrong.isEmpty(); i++) {
                    String message = client.message();
                    if (!message.equals("1 message " + i)) {
                        wrong.add(message + " is not " + i);
                    }
                }
            }));
        }
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void countsWhatItDoes() throws Exception {
        long messagesIn = fixture.count(stats -> stats.messagesIn.get());
        long messagesOut = fixture.count(stats -> stats.messagesOut.get());
        long normal = fixture.count(stats -> stats.closed(1000));
        WsClient client = fixture.connect(new Recorder());
        client.send(new ClientFrames().text("a").frame(0x01, new byte[]{'b'}).frame(0x80, new byte[]{'c'})
                .close(1000, ""));
        assertThat(client.message()).isEqualTo("1 a");
        assertThat(client.message()).isEqualTo("1 bc");
        assertThat(client.message()).isEqualTo("8 1000");
        assertThat(fixture.count(stats -> stats.messagesIn.get()) - messagesIn).isEqualTo(2);
        assertThat(fixture.count(stats -> stats.messagesOut.get()) - messagesOut).isEqualTo(2);
        assertThat(fixture.count(stats -> stats.closed(1000)) - normal).isEqualTo(1);
        SocketFixture.await("none is open", () -> fixture.sockets().open() == 0);
    }

    static ByteBuf text(String text) {
        return ByteBufUtil.writeUtf8(io.netty.buffer.ByteBufAllocator.DEFAULT, text);
    }
}
