package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class StaticFilesOnIoUringTest extends StaticFilesTest {

    StaticFilesOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
