package io.solaster.testkit.sim.disk;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.solaster.config.EngineConfig;
import io.solaster.engine.file.FileRing;
import org.junit.jupiter.api.BeforeAll;

/** Files by a ring of a shard's own, beside its sockets. */
final class FilesOnEpollTest extends RingDiskContract {

    FilesOnEpollTest() {
        super(EngineConfig.Transport.EPOLL);
    }

    @BeforeAll
    static void isThere() {
        assumeTrue(Epoll.isAvailable());
        String refusal = FileRing.refusal();
        assumeTrue(refusal == null, refusal);
    }
}
