package io.solaster.pool.resp;

import io.solaster.config.EngineConfig.Transport;

class RespOnEpollTest extends RespTest {

    RespOnEpollTest() {
        super(Transport.EPOLL);
    }
}
