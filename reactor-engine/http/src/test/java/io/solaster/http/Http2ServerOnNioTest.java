package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class Http2ServerOnNioTest extends Http2ServerTest {

    Http2ServerOnNioTest() {
        super(Transport.NIO);
    }
}
