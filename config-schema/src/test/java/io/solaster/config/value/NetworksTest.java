package io.solaster.config.value;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetworksTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"10.0.0.0/8|10.255.0.1|true", "10.0.0.0/8|11.0.0.1|false",
            "192.0.2.7|192.0.2.7|true", "192.0.2.7|192.0.2.6|false", "10.1.2.128/25|10.1.2.129|true",
            "10.1.2.128/25|10.1.2.127|false", "0.0.0.0/0|203.0.113.9|true", "0.0.0.0/0|::1|false",
            "fd00::/8, ::1|fd12::1|true", "fd00::/8, ::1|::1|true", "fd00::/8|fe00::1|false", "''|127.0.0.1|false",
            "127.0.0.0/8|::ffff:127.0.0.1|true"})
    void anAddressIsHeldByItsNetwork(String networks, String address, boolean held) throws Exception {
        assertThat(Networks.parse(networks).hold(InetAddress.ofLiteral(address))).isEqualTo(held);
    }
}
