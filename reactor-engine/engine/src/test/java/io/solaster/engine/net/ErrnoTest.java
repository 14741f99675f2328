package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.Errors;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engines;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ErrnoTest {

    @Test
    void nettysTransportsTellTheNumberWhateverTheTextSays() {
        // Which loads native code; without it the class of errors cannot be used.
        Engines.assumeAvailable(Transport.EPOLL);
        assertThat(Errno.of(new Errors.NativeIoException("bind", -98))).isEqualTo(Errno.EADDRINUSE);
        assertThat(Errno.of(new Errors.NativeIoException("accept", -24))).isEqualTo(Errno.EMFILE);
        assertThat(Errno.of(new ChannelException(new Errors.NativeIoException("newSocketStream", -24))))
                .isEqualTo(Errno.EMFILE);
    }

    /** A machine that speaks German, and has no descriptor left. */
    private static final class German extends Errno.Kernel {
        private boolean out = true;

        @Override
        String addressInUse() {
            return "Die Adresse wird bereits verwendet";
        }

        @Override
        String addressNotAvailable() {
            return "Die angeforderte Adresse kann nicht zugewiesen werden";
        }

        @Override
        @Nullable
        String noFile() {
            return out ? "/dev/null (Zu viele offene Dateien)" : null;
        }
    }

    @Test
    void theJdksTextIsUnderstoodInAnyLanguage() {
        German german = new German();
        assertThat(Errno.of(new BindException("Die Adresse wird bereits verwendet"), german))
                .isEqualTo(Errno.EADDRINUSE);
        assertThat(Errno.of(new BindException("Die angeforderte Adresse kann nicht zugewiesen werden"), german))
                .isEqualTo(Errno.EADDRNOTAVAIL);
        assertThat(Errno.of(new BindException("Keine Berechtigung"), german)).isEqualTo(Errno.EACCES);
        assertThat(Errno.of(new IOException("Zu viele offene Dateien"), german)).isEqualTo(Errno.EMFILE);
        assertThat(Errno.of(new ChannelException(new SocketException("Zu viele offene Dateien")), german))
                .isEqualTo(Errno.EMFILE);
        assertThat(Errno.of(new IOException("Software caused connection abort"), german)).isEqualTo(Errno.NONE);
        german.out = false;
        assertThat(Errno.of(new IOException("Zu viele offene Dateien"), german)).as("once there are some again")
                .isEqualTo(Errno.NONE);
    }

    @Test
    void whatCannotBeBroughtAboutAgainIsNotGuessed() {
        Errno.Kernel silent = new Errno.Kernel() {
            @Override
            @Nullable
            String addressInUse() {
                return null;
            }
        };
        assertThat(Errno.of(new BindException("Keine Berechtigung"), silent)).isEqualTo(Errno.NONE);
        assertThat(Errno.of(new BindException(), silent)).isEqualTo(Errno.NONE);
        assertThat(Errno.of(new IllegalStateException("in use"), silent)).isEqualTo(Errno.NONE);
    }

    @Test
    void theJdksChannelsAreUnderstoodInTheLanguageOfThisProcess() throws IOException {
        try (ServerSocketChannel taken = ServerSocketChannel.open();
                ServerSocketChannel other = ServerSocketChannel.open()) {
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            assertThat(Errno.of(catchThrowable(() -> other.bind(taken.getLocalAddress()))))
                    .isEqualTo(Errno.EADDRINUSE);
            InetAddress documented = InetAddress.getByAddress(new byte[]{(byte) 198, 51, 100, 1});
            assertThat(Errno.of(catchThrowable(() -> other.bind(new InetSocketAddress(documented, 0)))))
                    .isEqualTo(Errno.EADDRNOTAVAIL);
        }
        assertThat(Errno.of(new IOException("some text"))).isEqualTo(Errno.NONE);
    }
}
