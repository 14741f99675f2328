package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class HttpOnNioTest extends HttpTest {

    HttpOnNioTest() {
        super(Transport.NIO);
    }
}
