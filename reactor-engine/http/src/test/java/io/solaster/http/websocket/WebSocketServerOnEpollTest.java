package io.solaster.http.websocket;

import io.solaster.config.EngineConfig.Transport;

final class WebSocketServerOnEpollTest extends WebSocketServerTest {

    WebSocketServerOnEpollTest() {
        super(Transport.EPOLL);
    }
}
