package io.solaster.pool.frame;

import io.solaster.config.EngineConfig.Transport;

class FramedOnNioTest extends FramedTest {

    FramedOnNioTest() {
        super(Transport.NIO);
    }
}
