package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class TcpServerOnNioTest extends TcpServerTest {

    TcpServerOnNioTest() {
        super(Transport.NIO);
    }
}
