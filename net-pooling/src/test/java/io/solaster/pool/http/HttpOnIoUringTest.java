package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class HttpOnIoUringTest extends HttpTest {

    HttpOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
