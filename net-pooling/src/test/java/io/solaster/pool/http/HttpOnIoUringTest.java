package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;

class HttpOnIoUringTest extends HttpTest {

    HttpOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
