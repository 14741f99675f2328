package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class BlockingStreamsOnEpollTest extends BlockingStreamsTest {

    BlockingStreamsOnEpollTest() {
        super(Transport.EPOLL);
    }
}
