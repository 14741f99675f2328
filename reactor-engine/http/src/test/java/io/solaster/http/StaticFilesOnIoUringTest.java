package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class StaticFilesOnIoUringTest extends StaticFilesTest {

    StaticFilesOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
