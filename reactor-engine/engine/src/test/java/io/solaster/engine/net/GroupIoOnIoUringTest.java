package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;

final class GroupIoOnIoUringTest extends GroupIoTest {

    GroupIoOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
