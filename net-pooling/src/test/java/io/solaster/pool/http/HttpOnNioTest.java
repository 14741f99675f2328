package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;

class HttpOnNioTest extends HttpTest {

    HttpOnNioTest() {
        super(Transport.NIO);
    }
}
