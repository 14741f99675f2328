package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class StaticFilesOnNioTest extends StaticFilesTest {

    StaticFilesOnNioTest() {
        super(Transport.NIO);
    }
}
