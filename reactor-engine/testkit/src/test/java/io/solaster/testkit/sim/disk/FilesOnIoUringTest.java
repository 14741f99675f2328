package io.solaster.testkit.sim.disk;

import io.solaster.config.EngineConfig;

/** Files by the ring that a shard has for its sockets. */
final class FilesOnIoUringTest extends RingDiskContract {

    FilesOnIoUringTest() {
        super(EngineConfig.Transport.IO_URING);
    }
}
