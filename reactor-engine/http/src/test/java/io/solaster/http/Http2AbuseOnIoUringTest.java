package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2AbuseOnIoUringTest extends Http2AbuseTest {

    Http2AbuseOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
