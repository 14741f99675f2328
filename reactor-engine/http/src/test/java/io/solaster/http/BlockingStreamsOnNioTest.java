package io.solaster.http;

import io.solaster.config.EngineConfig.Transport;

final class BlockingStreamsOnNioTest extends BlockingStreamsTest {

    BlockingStreamsOnNioTest() {
        super(Transport.NIO);
    }
}
