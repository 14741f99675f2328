package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class HttpServerOnNioTest extends HttpServerTest {

    HttpServerOnNioTest() {
        super(Transport.NIO);
    }
}
