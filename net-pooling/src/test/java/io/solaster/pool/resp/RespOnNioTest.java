package io.solaster.pool.resp;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class RespOnNioTest extends RespTest {

    RespOnNioTest() {
        super(Transport.NIO);
    }
}
