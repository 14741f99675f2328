package io.solaster.pool.frame;

import io.solaster.config.EngineConfig.Transport;

class FramedOnEpollTest extends FramedTest {

    FramedOnEpollTest() {
        super(Transport.EPOLL);
    }
}
