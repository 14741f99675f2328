package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class TcpServerOnIoUringTest extends TcpServerTest {

    TcpServerOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
