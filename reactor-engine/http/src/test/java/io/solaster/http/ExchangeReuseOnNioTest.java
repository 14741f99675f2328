package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class ExchangeReuseOnNioTest extends ExchangeReuseTest {

    ExchangeReuseOnNioTest() {
        super(Transport.NIO);
    }
}
