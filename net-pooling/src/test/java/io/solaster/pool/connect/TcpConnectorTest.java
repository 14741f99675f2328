package io.solaster.pool.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;

import org.junit.jupiter.api.Test;

/** In which order addresses are tried. */
final class TcpConnectorTest {

    @Test
    void letsFamiliesTakeTurns() throws Exception {
        InetAddress a = InetAddress.getByName("::1");
        InetAddress b = InetAddress.getByName("::2");
        InetAddress c = InetAddress.getByName("::3");
        InetAddress d = InetAddress.getByName("127.0.0.1");
        assertThat(TcpConnector.interleaved(List.of(a, b, c, d))).containsExactly(a, d, b, c);
        assertThat(TcpConnector.interleaved(List.of(d, a, b))).containsExactly(d, a, b);
        assertThat(TcpConnector.interleaved(List.of())).isEmpty();
    }
}
