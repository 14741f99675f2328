package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class GroupIoOnNioTest extends GroupIoTest {

    GroupIoOnNioTest() {
        super(Transport.NIO);
    }
}
