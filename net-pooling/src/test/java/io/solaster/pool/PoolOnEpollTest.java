package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolOnEpollTest extends PoolTest {

    PoolOnEpollTest() {
        super(Transport.EPOLL);
    }
}
