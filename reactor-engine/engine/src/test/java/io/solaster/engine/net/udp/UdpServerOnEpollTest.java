package io.solaster.engine.net.udp;

import io.solaster.config.EngineConfig.Transport;

final class UdpServerOnEpollTest extends UdpServerTest {

    UdpServerOnEpollTest() {
        super(Transport.EPOLL);
    }
}
