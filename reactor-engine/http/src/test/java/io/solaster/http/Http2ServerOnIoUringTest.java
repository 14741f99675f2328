package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class Http2ServerOnIoUringTest extends Http2ServerTest {

    Http2ServerOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
