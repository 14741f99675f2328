package io.solaster.testkit.sim.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.uring.IoUring;
import io.solaster.config.EngineConfig;
import org.junit.jupiter.api.BeforeAll;

/** Files by the ring that a shard has for its sockets. */
final class FilesOnIoUringTest extends RingDiskContract {

    FilesOnIoUringTest() {
        super(EngineConfig.Transport.IO_URING);
    }

    @BeforeAll
    static void isThere() {
        assumeTrue(IoUring.isAvailable());
    }
}
