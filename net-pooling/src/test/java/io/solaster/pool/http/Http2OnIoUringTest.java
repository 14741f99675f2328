package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class Http2OnIoUringTest extends Http2Test {

    Http2OnIoUringTest() {
        super(Transport.IO_URING);
    }
}
