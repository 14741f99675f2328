package io.solaster.pool;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class PoolFailureOnNioTest extends PoolFailureTest {

    PoolFailureOnNioTest() {
        super(Transport.NIO);
    }
}
