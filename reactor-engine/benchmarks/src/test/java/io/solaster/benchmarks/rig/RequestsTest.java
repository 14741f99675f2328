package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;

class RequestsTest {
    private final Requests requests = new Requests(3);

    @Test
    void keysAreNamedAsRedisBenchmarkNamesThem() {
        byte[] get = new byte[requests.getLength()];
        requests.get(1234, get, 0);
        assertThat(new String(get, StandardCharsets.US_ASCII))
                .isEqualTo("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000001234\r\n");
    }

    @Test
    void requestsFollowEachOtherInOneArray() {
        byte[] two = new byte[2 * requests.setLength()];
        requests.set(7, two, 0);
        requests.set(999_999_999_999L, two, requests.setLength());
        assertThat(new String(two, StandardCharsets.US_ASCII))
                .isEqualTo("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$3\r\nxxx\r\n"
                        + "*3\r\n$3\r\nSET\r\n$16\r\nkey:999999999999\r\n$3\r\nxxx\r\n");
    }

    @Test
    void whatExpiresSaysWhen() {
        Requests expiring = new Requests(3, 1_800_000_000_000L);
        byte[] set = new byte[expiring.setLength()];
        expiring.set(7, set, 0);
        assertThat(new String(set, StandardCharsets.US_ASCII))
                .isEqualTo("*5\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$3\r\nxxx\r\n"
                        + "$4\r\nPXAT\r\n$13\r\n1800000000000\r\n");
    }
}
