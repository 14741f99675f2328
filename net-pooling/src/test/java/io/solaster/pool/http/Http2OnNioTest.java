package io.solaster.pool.http;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class Http2OnNioTest extends Http2Test {

    Http2OnNioTest() {
        super(Transport.NIO);
    }
}
