package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolFailureOnIoUringTest extends PoolFailureTest {

    PoolFailureOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
