package io.solaster.pool.frame;

import io.solaster.config.EngineConfig.Transport;

class FramedOnIoUringTest extends FramedTest {

    FramedOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
