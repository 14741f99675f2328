package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolFailureOnEpollTest extends PoolFailureTest {

    PoolFailureOnEpollTest() {
        super(Transport.EPOLL);
    }
}
