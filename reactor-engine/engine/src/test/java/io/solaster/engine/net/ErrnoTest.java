package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.BindException;

import io.netty.channel.unix.Errors;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Test;

class ErrnoTest {

    @Test
    void nettysTransportsTellTheNumberWhateverTheTextSays() {
        // Which loads native code; without it the class of errors cannot be used.
        Engines.assumeAvailable(Transport.EPOLL);
        assertThat(Errno.of(new Errors.NativeIoException("bind", -98))).isEqualTo(Errno.EADDRINUSE);
        assertThat(Errno.of(new Errors.NativeIoException("accept", -24))).isEqualTo(Errno.EMFILE);
    }

    @Test
    void theJdksTextIsTheLastResort() {
        assertThat(Errno.of(new BindException("Address already in use"))).isEqualTo(Errno.EADDRINUSE);
        assertThat(Errno.of(new IOException("Adresse wird bereits verwendet"))).isEqualTo(Errno.NONE);
        assertThat(Errno.of(new IllegalStateException("in use"))).isEqualTo(Errno.NONE);
    }
}
