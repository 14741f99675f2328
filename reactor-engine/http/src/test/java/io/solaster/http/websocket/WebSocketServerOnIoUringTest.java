package io.solaster.http.websocket;

import io.solaster.config.EngineConfig.Transport;

final class WebSocketServerOnIoUringTest extends WebSocketServerTest {

    WebSocketServerOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
