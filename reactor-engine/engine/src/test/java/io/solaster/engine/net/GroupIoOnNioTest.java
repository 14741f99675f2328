package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class GroupIoOnNioTest extends GroupIoTest {

    GroupIoOnNioTest() {
        super(Transport.NIO);
    }
}
