package io.solaster.testkit.sim.disk;

import io.solaster.config.EngineConfig;

/** Files by threads off the shards. */
final class FilesOnNioTest extends MachineDiskContract {

    FilesOnNioTest() {
        super(EngineConfig.Transport.NIO);
    }
}
