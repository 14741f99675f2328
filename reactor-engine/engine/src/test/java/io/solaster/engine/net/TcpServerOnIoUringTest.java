package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class TcpServerOnIoUringTest extends TcpServerTest {

    TcpServerOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
