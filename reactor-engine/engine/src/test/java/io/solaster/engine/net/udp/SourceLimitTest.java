package io.solaster.engine.net.udp;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.engine.net.udp.SourceLimit.Verdict;
import org.junit.jupiter.api.Test;

class SourceLimitTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    /** Near the end of what a clock counts, since it may begin anywhere. */
    private static final long START = Long.MAX_VALUE - 10;

    private static SourceLimit limit(int perSecond, int burst, int sources) {
        return new SourceLimit(
                UdpLimitsConfig.defaults().withPacketsPerSecond(perSecond, burst).withSources(sources), new Random(1),
                START);
    }

    private static InetAddress source(int number) throws UnknownHostException {
        return InetAddress.getByAddress(
                new byte[]{10, (byte) (number >> 16), (byte) (number >> 8), (byte) number});
    }

    private static int taken(SourceLimit limit, InetAddress source, int asked, long now) {
        int taken = 0;
        for (int i = 0; i < asked; i++) {
            taken += limit.take(source, now) == Verdict.TAKEN ? 1 : 0;
        }
        return taken;
    }

    @Test
    void aSourceHasItsBurstAndThenItsRate() throws Exception {
        SourceLimit limit = limit(10, 5, 64);
        assertThat(taken(limit, source(1), 100, START)).isEqualTo(5);
        assertThat(limit.take(source(1), START)).isEqualTo(Verdict.OVER);
        assertThat(taken(limit, source(1), 100, START + SECOND / 10)).isEqualTo(1);
        assertThat(taken(limit, source(1), 100, START + 3 * SECOND / 10)).isEqualTo(2);
        assertThat(taken(limit, source(1), 100, START + 100 * SECOND)).isEqualTo(5);
        assertThat(taken(limit, source(2), 100, START)).isEqualTo(5);
    }

    @Test
    void withoutABurstASecondsWorthMayComeAtOnce() throws Exception {
        assertThat(taken(limit(7, 0, 64), source(1), 100, START)).isEqualTo(7);
        assertThat(taken(limit(1, 0, 64), source(1), 100, START)).isEqualTo(1);
        assertThat(taken(limit(10_000_000, 1_000_000_000, 64), source(1), 1_000, START)).isEqualTo(1_000);
    }

    @Test
    void aFullTableLeavesThoseWhoAreInItAloneAndTheOthersShare() throws Exception {
        SourceLimit limit = limit(1, 2, 8);
        for (int i = 0; i < 8; i++) {
            assertThat(limit.take(source(i), START)).isEqualTo(Verdict.TAKEN);
        }
        assertThat(limit.take(source(100), START)).isEqualTo(Verdict.TAKEN);
        assertThat(limit.take(source(101), START)).isEqualTo(Verdict.TAKEN);
        for (int i = 102; i < 10_000; i++) {
            assertThat(limit.take(source(i), START)).isEqualTo(Verdict.NO_ROOM);
        }
        for (int i = 0; i < 8; i++) {
            assertThat(limit.take(source(i), START)).isEqualTo(Verdict.TAKEN);
            assertThat(limit.take(source(i), START)).isEqualTo(Verdict.OVER);
        }
        // Whose bucket is full again makes room.
        assertThat(taken(limit, source(200), 100, START + 10 * SECOND)).isEqualTo(2);
    }

    @Test
    void madeUpAddressesNeverFreeOneWhoIsOverItsLimit() throws Exception {
        SourceLimit limit = limit(1, 1, 1024);
        assertThat(limit.take(source(0), START)).isEqualTo(Verdict.TAKEN);
        for (int i = 1; i < 100_000; i++) {
            limit.take(source(i), START + i);
            assertThat(limit.take(source(0), START + i)).isEqualTo(Verdict.OVER);
        }
    }

    @Test
    void anIpv6NetworkIsOneSource() throws Exception {
        SourceLimit limit = limit(1, 1, 64);
        assertThat(limit.take(InetAddress.getByName("2001:db8:1:2::1"), START)).isEqualTo(Verdict.TAKEN);
        assertThat(limit.take(InetAddress.getByName("2001:db8:1:2:ffff::2"), START)).isEqualTo(Verdict.OVER);
        assertThat(limit.take(InetAddress.getByName("2001:db8:1:3::1"), START)).isEqualTo(Verdict.TAKEN);
        assertThat(limit.take(InetAddress.getByName("::1"), START)).isEqualTo(Verdict.TAKEN);
        assertThat(limit.take(InetAddress.getByName("::1"), START)).isEqualTo(Verdict.OVER);
    }

    @Test
    void eachAddressHasAKeyOfItsOwn() throws Exception {
        assertThat(SourceLimit.key(InetAddress.getByName("1.2.3.4"))).isEqualTo(0x1_0102_0304L);
        assertThat(SourceLimit.key(InetAddress.getByName("255.2.3.4"))).isEqualTo(0x1_ff02_0304L);
        assertThat(SourceLimit.key(InetAddress.getByName("2001:db8:1:2::9"))).isEqualTo(0x2001_0db8_0001_0002L);
        assertThat(SourceLimit.key(InetAddress.getByName("::1"))).isZero();
    }
}
