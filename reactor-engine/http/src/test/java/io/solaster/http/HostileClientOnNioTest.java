package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HostileClientOnNioTest extends HostileClientTest {

    HostileClientOnNioTest() {
        super(Transport.NIO);
    }
}
