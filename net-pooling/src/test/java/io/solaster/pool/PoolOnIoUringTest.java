package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;

final class PoolOnIoUringTest extends PoolTest {

    PoolOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
