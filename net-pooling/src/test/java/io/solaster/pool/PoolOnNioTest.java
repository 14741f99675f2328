package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolOnNioTest extends PoolTest {

    PoolOnNioTest() {
        super(Transport.NIO);
    }
}
