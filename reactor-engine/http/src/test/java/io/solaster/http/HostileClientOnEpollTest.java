package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HostileClientOnEpollTest extends HostileClientTest {

    HostileClientOnEpollTest() {
        super(Transport.EPOLL);
    }
}
