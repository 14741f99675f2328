package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2ServerOnEpollTest extends Http2ServerTest {

    Http2ServerOnEpollTest() {
        super(Transport.EPOLL);
    }
}
