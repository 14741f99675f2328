package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WebSocketHandshakeTest {
    private static SocketFixture fixture;

    @BeforeAll
    static void start() {
        fixture = new SocketFixture(Transport.AUTO, 1, null);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    static void stop() throws Exception {
        fixture.close();
    }

    private String answer(WebSocketHandler handler, String request) {
        return fixture.client(fixture.serve(handler), 0).ask(request, new byte[0]);
    }

    private String answer(String request) {
        return answer(fixture.sockets().handler(new Recorder()), request);
    }

    @Test
    void refusesWhatAsksForNoWebSocket() {
        String request = WsClient.request("/chat");
        assertThat(answer("GET /chat HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 426 ")
                .contains("Upgrade: websocket");
        assertThat(answer(request.replace("GET", "PUT"))).startsWith("HTTP/1.1 426 ");
        assertThat(answer(request.replace("Upgrade: websocket", "Upgrade: h2c"))).startsWith("HTTP/1.1 426 ");
        assertThat(answer(request.replace("keep-alive, Upgrade", "keep-alive"))).startsWith("HTTP/1.1 426 ");
        assertThat(answer(request.replace("HTTP/1.1", "HTTP/1.0"))).contains(" 426 ");
        assertThat(answer(request.replace("Upgrade: websocket", "upgrade: h2c, WebSocket").replace("Connection",
                "connection"))).startsWith("HTTP/1.1 101 ");
    }

    @Test
    void refusesOtherVersionsAndNamesItsOwn() {
        String request = WsClient.request("/chat");
        assertThat(answer(request.replace("Version: 13", "Version: 8"))).startsWith("HTTP/1.1 426 ")
                .contains("Sec-WebSocket-Version: 13");
        assertThat(answer(request.replace("Sec-WebSocket-Version: 13\r\n", ""))).startsWith("HTTP/1.1 426 ");
    }

    @Test
    void refusesAKeyThatIsNone() {
        String request = WsClient.request("/chat");
        assertThat(answer(request.replace(WsClient.KEY, "short=="))).startsWith("HTTP/1.1 400 ");
        assertThat(answer(request.replace(WsClient.KEY, "not base 64 at all!!!!!!"))).startsWith("HTTP/1.1 400 ");
        assertThat(answer(request.replace("Sec-WebSocket-Key: " + WsClient.KEY + "\r\n", "")))
                .startsWith("HTTP/1.1 400 ");
        assertThat(answer(WsClient.request("/chat", "Sec-WebSocket-Key: " + WsClient.KEY)))
                .startsWith("HTTP/1.1 400 ");
        assertThat(answer(WsClient.request("/chat", "Content-Length: 1") + "x")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void letsPagesOfItsOwnOriginIn() {
        assertThat(answer(WsClient.request("/chat", "Origin: http://localhost"))).startsWith("HTTP/1.1 101 ");
        assertThat(answer(WsClient.request("/chat", "Origin: http://LOCALHOST:80"))).startsWith("HTTP/1.1 101 ");
        assertThat(answer(WsClient.request("/chat", "Origin: http://localhost:81"))).startsWith("HTTP/1.1 403 ");
        assertThat(answer(WsClient.request("/chat", "Origin: https://evil.example"))).startsWith("HTTP/1.1 403 ");
        assertThat(answer(WsClient.request("/chat", "Origin: null"))).startsWith("HTTP/1.1 403 ");
    }

    @Test
    void letsPagesOfGivenOriginsIn() {
        WebSocketHandler handler = fixture.sockets().handler(new Recorder());
        String evil = WsClient.request("/chat", "Origin: https://evil.example");
        String good = WsClient.request("/chat", "Origin: https://good.example");
        WebSocketHandler some = handler.withOrigins("https://good.example");
        assertThat(answer(some, good)).startsWith("HTTP/1.1 101 ");
        assertThat(answer(some, evil)).startsWith("HTTP/1.1 403 ");
        assertThat(answer(handler.withOrigins("*"), evil)).startsWith("HTTP/1.1 101 ");
    }

    @Test
    void speaksTheFirstSubprotocolThatIsOffered() throws Exception {
        Recorder recorder = new Recorder();
        WebSocketHandler handler = fixture.sockets().handler(recorder).withSubprotocols("chat.v2", "chat.v1");
        assertThat(answer(handler, WsClient.request("/chat", "Sec-WebSocket-Protocol: chat.v1, other",
                "Sec-WebSocket-Protocol: chat.v2"))).contains("Sec-WebSocket-Protocol: chat.v2\r\n");
        recorder.next();
        assertThat(recorder.sockets.getFirst().subprotocol()).isEqualTo("chat.v2");
        assertThat(answer(handler, WsClient.request("/chat", "Sec-WebSocket-Protocol: other")))
                .startsWith("HTTP/1.1 101 ").doesNotContain("Sec-WebSocket-Protocol");
    }

    @Test
    void letsTheApplicationRefuse() {
        long before = fixture.count(stats -> stats.refused.get());
        WebSocketHandler handler = fixture.sockets().handler(request -> {
            if (request.header("Authorization") == null) {
                throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "who are you?");
            }
            return new Recorder();
        });
        TcpServer server = fixture.serve(handler);
        assertThat(fixture.client(server, 0).ask("/chat")).startsWith("HTTP/1.1 401 ");
        assertThat(fixture.client(server, 0).ask("/chat", "Authorization: me")).startsWith("HTTP/1.1 101 ");
        assertThat(fixture.count(stats -> stats.refused.get()) - before).isEqualTo(1);
    }

    @Test
    void agreesOnCompressionOnlyWhereItCan() {
        String offer = "Sec-WebSocket-Extensions: ";
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate"))).startsWith("HTTP/1.1 101 ")
                .doesNotContain("Extensions");
        WebSocketConfig on = Changed.with(WebSocketConfig.defaults(), "compression",
                Changed.with(WebSocketCompressionConfig.defaults(), "enabled", true));
        fixture.sockets().reconfigure(on);
        String none = "permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate"))).contains(none);
        assertThat(answer(WsClient.request("/", offer + "x-other, permessage-deflate; client_max_window_bits")))
                .contains(none);
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; server_max_window_bits=9")))
                .contains(none.strip() + "; server_max_window_bits=9\r\n");
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; server_max_window_bits=7, "
                + "permessage-deflate;server_max_window_bits=\"15\"")))
                .contains(none.strip() + "; server_max_window_bits=15\r\n");
        for (String bad : new String[]{"unknown", "client_max_window_bits=7", "client_max_window_bits=16",
                "server_max_window_bits", "server_no_context_takeover=1",
                "client_no_context_takeover; client_no_context_takeover"}) {
            assertThat(answer(WsClient.request("/", offer + "permessage-deflate; " + bad))).as(bad)
                    .startsWith("HTTP/1.1 101 ").doesNotContain("Extensions");
        }
        fixture.sockets().reconfigure(Changed.with(on, "compression", new WebSocketCompressionConfig(true, 6,
                new io.solaster.config.value.ByteSize(1), true)));
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate"))).contains("permessage-deflate\r\n");
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; server_no_context_takeover")))
                .contains("permessage-deflate; server_no_context_takeover\r\n");
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; client_no_context_takeover")))
                .contains("permessage-deflate; client_no_context_takeover\r\n");
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; server_max_window_bits=15")))
                .contains("permessage-deflate; server_max_window_bits=15\r\n");
        assertThat(answer(WsClient.request("/", offer + "permessage-deflate; server_max_window_bits=10")))
                .contains("permessage-deflate; server_no_context_takeover; server_max_window_bits=10\r\n");
    }
}
