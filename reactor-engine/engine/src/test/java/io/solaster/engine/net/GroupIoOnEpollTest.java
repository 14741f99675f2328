package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class GroupIoOnEpollTest extends GroupIoTest {

    GroupIoOnEpollTest() {
        super(Transport.EPOLL);
    }
}
