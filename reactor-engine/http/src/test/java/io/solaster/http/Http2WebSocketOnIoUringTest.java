package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2WebSocketOnIoUringTest extends Http2WebSocketTest {

    Http2WebSocketOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
