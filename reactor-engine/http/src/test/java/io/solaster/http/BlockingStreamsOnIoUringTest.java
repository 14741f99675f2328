package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class BlockingStreamsOnIoUringTest extends BlockingStreamsTest {

    BlockingStreamsOnIoUringTest() {
        super(Transport.IO_URING);
    }
}
