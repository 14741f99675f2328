package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HttpServerOnEpollTest extends HttpServerTest {

    HttpServerOnEpollTest() {
        super(Transport.EPOLL);
    }
}
