package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.stream.IntStream;

import io.netty.channel.unix.DomainSocketAddress;
import org.junit.jupiter.api.Test;

class FailedLoginsTest {
    private static final long MINUTE = FailedLogins.FORGET_MILLIS;
    private static final long NOW = 1_000_000;
    private final FailedLogins logins = new FailedLogins();

    private static SocketAddress address(String text) {
        return new InetSocketAddress(text, 40_000);
    }

    private void add(String client, int count, long now) {
        for (int i = 0; i < count; i++) {
            logins.add(address(client), now);
        }
    }

    @Test
    void countsByAddressWhateverThePort() {
        add("192.0.2.1", 2, NOW);
        logins.add(new InetSocketAddress("192.0.2.1", 40_001), NOW);
        assertThat(logins.count(address("192.0.2.1"), NOW)).isEqualTo(3);
        assertThat(logins.count(address("192.0.2.2"), NOW)).isZero();
        add("192.0.2.1", 100, NOW);
        assertThat(logins.count(address("192.0.2.1"), NOW)).isEqualTo(FailedLogins.MOST);
    }

    @Test
    void aNetworkOfIpv6IsOneClient() {
        add("2001:db8:1:2:3:4:5:6", 1, NOW);
        add("2001:db8:1:2:ffff::1", 1, NOW);
        assertThat(logins.count(address("2001:db8:1:2::"), NOW)).isEqualTo(2);
        assertThat(logins.count(address("2001:db8:1:3::"), NOW)).isZero();
    }

    @Test
    void oneIsForgottenAMinute() {
        add("192.0.2.1", 3, NOW);
        assertThat(logins.count(address("192.0.2.1"), NOW + MINUTE - 1)).isEqualTo(3);
        assertThat(logins.count(address("192.0.2.1"), NOW + MINUTE)).isEqualTo(2);
        add("192.0.2.1", 1, NOW + MINUTE);
        assertThat(logins.count(address("192.0.2.1"), NOW + 2 * MINUTE)).isEqualTo(2);
        assertThat(logins.count(address("192.0.2.1"), NOW + 4 * MINUTE)).isZero();
        assertThat(logins.count(address("192.0.2.1"), NOW)).as("with a clock that was set back").isZero();
        add("192.0.2.1", 1, NOW + 1_000 * MINUTE);
        assertThat(logins.count(address("192.0.2.1"), NOW + 1_001 * MINUTE - 1)).isEqualTo(1);
    }

    @Test
    void whoLogsInTakesBackItsOwn() {
        add("192.0.2.1", 5, NOW);
        logins.takeBack(address("192.0.2.1"), 2);
        assertThat(logins.count(address("192.0.2.1"), NOW)).isEqualTo(3);
        logins.takeBack(address("192.0.2.1"), 8);
        assertThat(logins.count(address("192.0.2.1"), NOW)).isZero();
    }

    @Test
    void manyAddressesTakeNoMoreRoomAndDoNotHideTheWorst() {
        add("192.0.2.1", FailedLogins.MOST, NOW);
        IntStream.range(0, 20 * FailedLogins.SIZE)
                .forEach(i -> add("10." + (i >> 16 & 255) + "." + (i >> 8 & 255) + "." + (i & 255), 1, NOW));
        assertThat(logins.count(address("192.0.2.1"), NOW)).isEqualTo(FailedLogins.MOST);
        long kept = IntStream.range(0, 20 * FailedLogins.SIZE).filter(i -> logins
                .count(address("10." + (i >> 16 & 255) + "." + (i >> 8 & 255) + "." + (i & 255)), NOW) > 0).count();
        assertThat(kept).isBetween(FailedLogins.SIZE / 2L, (long) FailedLogins.SIZE);
    }

    @Test
    void whatIsNoAddressOfANetworkCountsNothing() {
        logins.add(new DomainSocketAddress("/tmp/socket"), NOW);
        logins.add(null, NOW);
        assertThat(logins.count(new DomainSocketAddress("/tmp/socket"), NOW)).isZero();
        assertThat(logins.count(null, NOW)).isZero();
    }
}
