package io.solaster.engine.net.udp;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
final class UdpServerOnNioTest extends UdpServerTest {

    UdpServerOnNioTest() {
        super(Transport.NIO);
    }
}
