package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2WebSocketOnEpollTest extends Http2WebSocketTest {

    Http2WebSocketOnEpollTest() {
        super(Transport.EPOLL);
    }
}
