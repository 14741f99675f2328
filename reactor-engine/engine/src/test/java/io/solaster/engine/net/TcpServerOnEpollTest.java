package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class TcpServerOnEpollTest extends TcpServerTest {

    TcpServerOnEpollTest() {
        super(Transport.EPOLL);
    }
}
