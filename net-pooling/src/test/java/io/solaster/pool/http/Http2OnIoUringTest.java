package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;

class Http2OnIoUringTest extends Http2Test {

    Http2OnIoUringTest() {
        super(Transport.IO_URING);
    }
}
