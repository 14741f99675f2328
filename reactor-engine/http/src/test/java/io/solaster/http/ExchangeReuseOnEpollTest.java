package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class ExchangeReuseOnEpollTest extends ExchangeReuseTest {

    ExchangeReuseOnEpollTest() {
        super(Transport.EPOLL);
    }
}
