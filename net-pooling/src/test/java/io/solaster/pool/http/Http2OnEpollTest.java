package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;

class Http2OnEpollTest extends Http2Test {

    Http2OnEpollTest() {
        super(Transport.EPOLL);
    }
}
