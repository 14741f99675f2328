package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class StaticFilesOnNioTest extends StaticFilesTest {

    StaticFilesOnNioTest() {
        super(Transport.NIO);
    }
}
