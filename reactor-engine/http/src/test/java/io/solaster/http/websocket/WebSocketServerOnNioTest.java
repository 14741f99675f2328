package io.solaster.http.websocket;

import io.solaster.config.EngineConfig.Transport;

final class WebSocketServerOnNioTest extends WebSocketServerTest {

    WebSocketServerOnNioTest() {
        super(Transport.NIO);
    }
}
