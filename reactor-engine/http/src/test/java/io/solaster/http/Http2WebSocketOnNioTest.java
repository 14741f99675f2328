package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2WebSocketOnNioTest extends Http2WebSocketTest {

    Http2WebSocketOnNioTest() {
        super(Transport.NIO);
    }
}
