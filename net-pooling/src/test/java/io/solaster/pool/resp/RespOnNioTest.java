package io.solaster.pool.resp;

import io.solaster.config.EngineConfig.Transport;

class RespOnNioTest extends RespTest {

    RespOnNioTest() {
        super(Transport.NIO);
    }
}
