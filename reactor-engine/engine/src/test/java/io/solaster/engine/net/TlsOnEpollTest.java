package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class TlsOnEpollTest extends TlsTest {

    TlsOnEpollTest() {
        super(Transport.EPOLL);
    }
}
