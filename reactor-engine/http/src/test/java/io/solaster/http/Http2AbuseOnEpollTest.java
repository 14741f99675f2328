package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class Http2AbuseOnEpollTest extends Http2AbuseTest {

    Http2AbuseOnEpollTest() {
        super(Transport.EPOLL);
    }
}
