package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class TlsOnIoUringTest extends TlsTest {

    TlsOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
