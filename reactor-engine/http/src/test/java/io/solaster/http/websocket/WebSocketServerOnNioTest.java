package io.solaster.http.websocket;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class WebSocketServerOnNioTest extends WebSocketServerTest {

    WebSocketServerOnNioTest() {
        super(Transport.NIO);
    }
}
