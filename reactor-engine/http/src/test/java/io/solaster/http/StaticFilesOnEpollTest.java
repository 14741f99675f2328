package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class StaticFilesOnEpollTest extends StaticFilesTest {

    StaticFilesOnEpollTest() {
        super(Transport.EPOLL);
    }
}
