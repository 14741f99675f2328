package io.solaster.engine.net;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class TlsOnNioTest extends TlsTest {

    TlsOnNioTest() {
        super(Transport.NIO);
    }
}
