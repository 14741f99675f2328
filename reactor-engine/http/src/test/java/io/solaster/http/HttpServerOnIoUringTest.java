package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HttpServerOnIoUringTest extends HttpServerTest {

    HttpServerOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
