package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class ExchangeReuseOnIoUringTest extends ExchangeReuseTest {

    ExchangeReuseOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
