package io.solaster.testkit.sim.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.solaster.config.EngineConfig;
import org.junit.jupiter.api.BeforeAll;

/** Files by threads off the shards. */
final class FilesOnEpollTest extends MachineDiskContract {

    FilesOnEpollTest() {
        super(EngineConfig.Transport.EPOLL);
    }

    @BeforeAll
    static void isThere() {
        assumeTrue(Epoll.isAvailable());
    }
}
