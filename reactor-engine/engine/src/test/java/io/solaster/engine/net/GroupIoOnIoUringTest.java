package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class GroupIoOnIoUringTest extends GroupIoTest {

    GroupIoOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
