package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2AbuseOnNioTest extends Http2AbuseTest {

    Http2AbuseOnNioTest() {
        super(Transport.NIO);
    }
}
