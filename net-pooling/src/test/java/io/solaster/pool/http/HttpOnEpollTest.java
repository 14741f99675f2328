package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;

class HttpOnEpollTest extends HttpTest {

    HttpOnEpollTest() {
        super(Transport.EPOLL);
    }
}
