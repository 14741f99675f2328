package io.solaster.pool.resp;

import io.solaster.config.EngineConfig.Transport;
import org.junit.jupiter.api.Tag;

@Tag("full")
class RespOnIoUringTest extends RespTest {

    RespOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
