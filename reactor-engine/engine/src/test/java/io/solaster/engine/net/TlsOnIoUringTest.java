package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class TlsOnIoUringTest extends TlsTest {

    TlsOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
