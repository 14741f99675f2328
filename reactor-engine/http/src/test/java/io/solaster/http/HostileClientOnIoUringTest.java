package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HostileClientOnIoUringTest extends HostileClientTest {

    HostileClientOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
