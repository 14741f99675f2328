package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class PoolFailureOnIoUringTest extends PoolFailureTest {

    PoolFailureOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
