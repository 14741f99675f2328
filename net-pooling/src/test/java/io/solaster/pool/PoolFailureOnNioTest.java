package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolFailureOnNioTest extends PoolFailureTest {

    PoolFailureOnNioTest() {
        super(Transport.NIO);
    }
}
