package io.solaster.http;

import static io.solaster.http.Http2RawClient.END_HEADERS;
import static io.solaster.http.Http2RawClient.HEADERS;
import static io.solaster.http.Http2RawClient.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.handler.codec.http2.Http2Error;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.Http2RawClient.Answer;
import io.solaster.http.route.Router;
import io.solaster.http.websocket.CloseCode;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** WebSockets on streams of HTTP/2: RFC 8441. */
abstract class Http2WebSocketTest extends TransportTest {
    private static final int WINDOW = 65_535;
    private static final int CONNECT_PROTOCOL = 8;

    private LinkedBlockingQueue<String> told;
    private LinkedBlockingQueue<WebSocket> opened;
    private WebSockets sockets;

    Http2WebSocketTest(Transport transport) {
        super(transport);
    }

    @BeforeAll
    void startSockets() {
        sockets = WebSockets.on(fixture.engine(), WebSocketConfig.defaults());
    }

    /** What ends late is not the next test's. */
    @BeforeEach
    void begin() {
        told = new LinkedBlockingQueue<>();
        opened = new LinkedBlockingQueue<>();
    }

    /** Sends back what it hears. */
    private record Echo(LinkedBlockingQueue<WebSocket> opened,
            LinkedBlockingQueue<String> told) implements WebSocketListener {

        @Override
        public void opened(WebSocket socket) {
            opened.add(socket);
        }

        @Override
        public void text(WebSocket socket, String text) {
            socket.send(text);
        }

        @Override
        public void closed(WebSocket socket, int code, String reason) {
            told.add(code + " " + reason);
        }
    }

    private TcpServer serve() {
        return fixture.serve(Router.builder()
                .get("/rooms/{room}", sockets.handler(new Echo(opened, told)).withSubprotocols("chat"))
                .get("/hello", (request, response) -> response.send("hello")).build());
    }

    private Http2RawClient client() {
        return connect(serve());
    }

    private Http2RawClient connect(TcpServer server) {
        return fixture.open(new Http2RawClient(server.port()));
    }

    private static int ask(Http2RawClient client, String path, String... more) {
        int id = client.nextStream();
        String[] all = Arrays.copyOf(new String[]{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http",
                ":path", path, ":authority", "test", "sec-websocket-version", "13"}, 12 + more.length);
        System.arraycopy(more, 0, all, 12, more.length);
        client.frame(HEADERS, END_HEADERS, id, client.pack(id, all));
        return id;
    }

    private int open(Http2RawClient client) throws Exception {
        int id = ask(client, "/rooms/red");
        begun(client, id);
        assertThat(client.on(id).status()).isEqualTo(200);
        assertThat(opened.poll(60, TimeUnit.SECONDS)).isNotNull();
        return id;
    }

    private static Answer begun(Http2RawClient client, int id) {
        Answer answer = client.on(id);
        while (!answer.begun) {
            assertThat(client.read()).isNotNull();
        }
        return answer;
    }

    /** A client's frame, whose mask changes nothing. */
    private static byte[] masked(int head, byte[] payload) {
        return frame(head, payload, true);
    }

    private static byte[] frame(int head, byte[] payload, boolean masked) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int mask = masked ? 0x80 : 0;
        bytes.write(head);
        if (payload.length < 126) {
            bytes.write(mask | payload.length);
        } else if (payload.length <= 0xFFFF) {
            bytes.write(mask | 126);
            bytes.writeBytes(ByteBuffer.allocate(2).putShort((short) payload.length).array());
        } else {
            bytes.write(mask | 127);
            bytes.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
        }
        if (masked) {
            bytes.writeBytes(new byte[4]);
        }
        bytes.writeBytes(payload);
        return bytes.toByteArray();
    }

    private static byte[] text(String text) {
        return masked(0x81, text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] expected(int head, String text) {
        return frame(head, text.getBytes(StandardCharsets.UTF_8), false);
    }

    private static byte[] close(int code) {
        return masked(0x88, ByteBuffer.allocate(2).putShort((short) code).array());
    }

    private static void until(Http2RawClient client, int id, int bytes) {
        while (client.on(id).length() < bytes) {
            assertThat(client.read()).isNotNull();
        }
    }

    @Test
    void talksOnAStreamBesideRequests() throws Exception {
        Http2RawClient client = client();
        int id = ask(client, "/rooms/red", "sec-websocket-protocol", "other, chat");
        Answer answer = begun(client, id);
        assertThat(answer.headers).containsEntry(":status", "200").containsEntry("sec-websocket-protocol", "chat")
                .doesNotContainKeys("upgrade", "connection", "sec-websocket-accept", "content-length");
        assertThat(client.others).anySatisfy(frame -> {
            assertThat(frame.type()).isEqualTo(SETTINGS);
            ByteBuffer settings = ByteBuffer.wrap(frame.payload());
            boolean connects = false;
            while (settings.hasRemaining()) {
                connects |= settings.getShort() == CONNECT_PROTOCOL & settings.getInt() == 1;
            }
            assertThat(connects).isTrue();
        });
        WebSocket socket = opened.poll(60, TimeUnit.SECONDS);
        assertThat(socket.pathParam("room")).isEqualTo("red");
        assertThat(socket.subprotocol()).isEqualTo("chat");
        assertThat(socket.remoteAddress().getPort()).isPositive();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String each : new String[]{"hello", "", "grüße"}) {
            client.data(id, text(each), false);
            all.writeBytes(expected(0x81, each));
        }
        // In more frames of HTTP/2 than one, and of which one ends in the midst of a message.
        byte[] two = new byte[2 * text("split").length];
        System.arraycopy(text("split"), 0, two, 0, two.length / 2);
        System.arraycopy(text("split"), 0, two, two.length / 2, two.length / 2);
        client.data(id, Arrays.copyOf(two, 3), false);
        client.data(id, Arrays.copyOfRange(two, 3, two.length), false);
        all.writeBytes(expected(0x81, "split"));
        all.writeBytes(expected(0x81, "split"));
        client.data(id, masked(0x89, new byte[]{'p'}), false);
        all.writeBytes(expected(0x8A, "p"));
        until(client, id, all.size());
        assertThat(answer.bytes()).isEqualTo(all.toByteArray());
        assertThat(client.get("/hello").body()).isEqualTo("hello");
        client.data(id, close(4000), false);
        client.answer(id);
        assertThat(answer.ended).isTrue();
        assertThat(told.poll(60, TimeUnit.SECONDS)).isEqualTo("4000 ");
        assertThat(client.get("/hello").body()).isEqualTo("hello");
    }

    @Test
    void longMessagesWaitForTheWindowsOfEitherSide() throws Exception {
        Http2RawClient client = client();
        int id = open(client);
        String part = "0123456789".repeat(3000);
        byte[] message = text(part.repeat(10));
        // Within what the server allows at first; the echo waits for what the client does.
        client.data(id, Arrays.copyOf(message, 200_000), false);
        client.data(id, Arrays.copyOfRange(message, 200_000, message.length), false);
        byte[] echo = expected(0x81, part.repeat(10));
        until(client, id, echo.length);
        assertThat(client.on(id).bytes()).isEqualTo(echo);
        assertThat(echo.length).isGreaterThan(4 * WINDOW);
    }

    @Test
    void aClientThatIsNotReadFromIsAllowedNoMore() throws Exception {
        Http2RawClient client = client();
        int id = ask(client, "/rooms/red");
        begun(client, id);
        WebSocket socket = opened.poll(60, TimeUnit.SECONDS);
        socket.pause();
        client.settle();
        byte[] message = text("x".repeat(20_000));
        for (int i = 0; i < 10; i++) {
            client.data(id, message, false);
        }
        client.settle();
        // One part may have been asked for before it was told to wait.
        assertThat(client.credited(id)).isLessThan(2 * message.length);
        assertThat(client.on(id).length()).isLessThan(2 * message.length);
        socket.resume();
        until(client, id, 10 * expected(0x81, "x".repeat(20_000)).length);
    }

    @Test
    void theServerEndsItAndTheStreamWithIt() throws Exception {
        Http2RawClient client = client();
        int id = ask(client, "/rooms/red");
        begun(client, id);
        opened.poll(60, TimeUnit.SECONDS).close(CloseCode.GOING_AWAY, "bye");
        byte[] said = frame(0x88, ByteBuffer.allocate(5).putShort((short) 1001).put("bye".getBytes()).array(), false);
        until(client, id, said.length);
        assertThat(client.on(id).bytes()).isEqualTo(said);
        client.data(id, close(1001), false);
        assertThat(client.answer(id).ended).isTrue();
        assertThat(told.poll(60, TimeUnit.SECONDS)).isEqualTo("1001 bye");
    }

    @Test
    void whatBreaksTheRulesEndsTheStreamAloneAndSaysWhy() throws Exception {
        Http2RawClient client = client();
        int id = open(client);
        client.data(id, new byte[]{(byte) 0x81, 1, 'a'}, false);
        Answer answer = client.answer(id);
        assertThat(answer.bytes()).startsWith(0x88).contains("frame without a mask".getBytes());
        assertThat(told.poll(60, TimeUnit.SECONDS)).startsWith("1002 ");
        assertThat(client.get("/hello").body()).isEqualTo("hello");
    }

    @Test
    void aClientThatLeavesHasClosedIt() throws Exception {
        Http2RawClient client = client();
        int ended = open(client);
        client.data(ended, new byte[0], true);
        assertThat(told.poll(60, TimeUnit.SECONDS)).isEqualTo("1006 ");
        assertThat(client.answer(ended).ended).isTrue();
        int reset = open(client);
        client.reset(reset, (int) Http2Error.CANCEL.code());
        assertThat(told.poll(60, TimeUnit.SECONDS)).isEqualTo("1006 ");
        assertThat(client.get("/hello").body()).isEqualTo("hello");
        open(client);
        client.close();
        assertThat(told.poll(60, TimeUnit.SECONDS)).isEqualTo("1006 ");
    }

    @Test
    void aServerThatDrainsSaysSo() throws Exception {
        TcpServer server = serve();
        Http2RawClient client = connect(server);
        int id = open(client);
        CompletableFuture<Integer> drained = CompletableFuture.supplyAsync(() -> server.drain(Duration.ofSeconds(60)));
        until(client, id, 4);
        assertThat(client.on(id).bytes()).startsWith(0x88).containsSequence(1001 >> 8, 1001 & 0xFF);
        client.data(id, close(1001), false);
        assertThat(client.answer(id).ended).isTrue();
        assertThat(client.untilEnd()).isZero();
        assertThat(drained.get(60, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void whatIsAskedWronglyIsRefusedAndTheStreamIsGivenBack() {
        Http2RawClient client = client();
        int foreign = ask(client, "/rooms/red", "origin", "http://elsewhere.example");
        int nowhere = ask(client, "/nowhere");
        int plain = ask(client, "/hello");
        assertThat(client.answer(foreign).status()).isEqualTo(403);
        assertThat(client.answer(nowhere).status()).isEqualTo(404);
        // A handler that knows nothing of it sees a GET, and what it answers must not be taken for a yes.
        assertThat(client.answer(plain).status()).isEqualTo(400);
        int other = client.nextStream();
        client.frame(HEADERS, END_HEADERS, other, client.pack(other, ":method", "CONNECT", ":protocol", "connect-udp",
                ":scheme", "http", ":path", "/rooms/red", ":authority", "test"));
        assertThat(client.answer(other).status()).isEqualTo(501);
        for (int id : new int[]{foreign, nowhere, plain}) {
            while (client.on(id).reset < 0) {
                assertThat(client.read()).isNotNull();
            }
            assertThat(client.on(id).reset).isZero();
        }
        int get = client.nextStream();
        client.frame(HEADERS, END_HEADERS, get, client.pack(get, ":method", "GET", ":protocol", "websocket",
                ":scheme", "http", ":path", "/rooms/red", ":authority", "test"));
        assertThat(client.answer(get).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        assertThat(client.get("/rooms/red").status()).isEqualTo(426);
        assertThat(client.get("/hello").body()).isEqualTo("hello");
    }

    @Test
    void silenceIsTheWebSocketsMatter() throws Exception {
        try (TimedCase.Clocked clocked = TimedCase.Clocked.start()) {
            WebSockets timed = WebSockets.on(clocked.engine(), WebSocketConfig.defaults());
            try (TimedCase<Http2RawClient> silent = new TimedCase<>(clocked, timed.handler(new Echo(opened, told)),
                    ServerConfig.of("http", 0), Http2RawClient::new)) {
                int id = ask(silent.client, "/");
                begun(silent.client, id);
                int heard = 0;
                for (int i = 0; i < 8; i++) {
                    silent.client.settle();
                    silent.pass(20);
                    // Whatever it asks meanwhile.
                    silent.client.data(id, masked(0x8A, new byte[0]), false);
                    heard = silent.client.on(id).length();
                }
                silent.client.settle();
                silent.client.data(id, text("still there"), false);
                until(silent.client, id, heard + expected(0x81, "still there").length);
                assertThat(silent.client.on(id).reset).isNegative();
                assertThat(silent.timeouts()).isZero();
            }
        }
    }
}
