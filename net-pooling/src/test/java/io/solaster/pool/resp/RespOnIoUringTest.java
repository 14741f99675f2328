package io.solaster.pool.resp;

import io.solaster.config.EngineConfig.Transport;

class RespOnIoUringTest extends RespTest {

    RespOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
