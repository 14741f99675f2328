package io.solaster.http;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.config.EngineConfig.Transport;

/** What the machine has of transports. */
public final class Transports {
    private Transports() {}

    /** Skips the test where the machine lacks the transport. */
    public static void assumeAvailable(Transport transport) {
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(),
                () -> "no epoll here: " + Epoll.unavailabilityCause());
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(),
                () -> "no io_uring here: " + IoUring.unavailabilityCause());
    }
}
