package io.solaster.engine.net.accept;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.stream.LongStream;

import io.solaster.config.server.ServerConfig.Distribution;
import org.junit.jupiter.api.Test;

class AcceptPoliciesTest {
    private static final int SHARDS = 4;

    /** Shards as a test says. */
    private static final class Loads implements ShardLoads {
        final long[] connections = new long[SHARDS];
        final double[] utilizations = new double[SHARDS];
        final boolean[] refuses = new boolean[SHARDS];
        int acceptor;
        boolean every = true;

        @Override
        public int shards() {
            return SHARDS;
        }

        @Override
        public int acceptor() {
            return acceptor;
        }

        @Override
        public boolean everyShardAccepts() {
            return every;
        }

        @Override
        public boolean takes(int shard) {
            return !refuses[shard];
        }

        @Override
        public long connections(int shard) {
            return connections[shard];
        }

        @Override
        public long given(int shard) {
            return 0;
        }

        @Override
        public double utilization(int shard) {
            return utilizations[shard];
        }
    }

    private final Loads loads = new Loads();

    private static AcceptPolicy of(Distribution distribution) {
        return AcceptPolicies.of(distribution, SHARDS);
    }

    @Test
    void leastConnectionsPassesOverWhoTakesNone() {
        AcceptPolicy least = of(Distribution.LEAST_CONNECTIONS);
        assertThat(least.everyShardAccepts()).isFalse();
        loads.connections[0] = 3;
        loads.connections[2] = 1;
        loads.connections[3] = 2;
        loads.refuses[1] = true;
        assertThat(least.owner(loads)).isEqualTo(2);
        Arrays.fill(loads.refuses, true);
        assertThat(least.owner(loads)).isZero();
    }

    @Test
    void balancedKeepsWhatItAcceptsWhileShardsAreAboutEven() {
        AcceptPolicy balanced = of(Distribution.BALANCED);
        assertThat(balanced.everyShardAccepts()).isTrue();
        Arrays.fill(loads.connections, 100);
        for (int i = 0; i < 10; i++) {
            loads.acceptor = 1;
            assertThat(balanced.owner(loads)).isEqualTo(1);
            loads.connections[1]++;
        }
    }

    @Test
    void balancedGivesAwayFromATenthAboveTheMeanDownToTheMean() {
        AcceptPolicy balanced = of(Distribution.BALANCED);
        Arrays.fill(loads.connections, 100);
        loads.acceptor = 1;
        loads.connections[1] = 130;
        loads.connections[3] = 90;
        assertThat(balanced.owner(loads)).isEqualTo(3);
        // Another that accepts is about even, and keeps what it has.
        loads.acceptor = 2;
        assertThat(balanced.owner(loads)).isEqualTo(2);
        // The first goes on below the tenth at which it began, and ends at the mean.
        loads.acceptor = 1;
        loads.connections[1] = 106;
        loads.connections[3] = 100;
        assertThat(balanced.owner(loads)).isNotEqualTo(1);
        loads.connections[1] = 98;
        assertThat(balanced.owner(loads)).isEqualTo(1);
        loads.connections[1] = 106;
        assertThat(balanced.owner(loads)).isEqualTo(1);
    }

    @Test
    void balancedKeepsNewOnesFromAShardThatWorksMoreThanOthers() {
        AcceptPolicy balanced = of(Distribution.BALANCED);
        Arrays.fill(loads.connections, 100);
        loads.connections[2] = 90;
        Arrays.fill(loads.utilizations, 0.3);
        loads.utilizations[1] = 0.9;
        loads.acceptor = 1;
        assertThat(balanced.owner(loads)).isEqualTo(2);
        // Less than at the beginning, and still more than its part.
        loads.utilizations[1] = 0.55;
        assertThat(balanced.owner(loads)).isEqualTo(2);
        loads.utilizations[1] = 0.4;
        assertThat(balanced.owner(loads)).isEqualTo(1);
        // That much would not have begun it.
        loads.utilizations[1] = 0.51;
        assertThat(balanced.owner(loads)).isEqualTo(1);
        // Not all to one that is idle and has many already.
        loads.utilizations[1] = 0.9;
        loads.connections[0] = 300;
        loads.utilizations[0] = 0;
        loads.connections[2] = 100;
        loads.connections[3] = 99;
        assertThat(balanced.owner(loads)).isNotIn(0, 1);
    }

    @Test
    void aSoleAcceptorThatBalancesGivesToTheLeast() {
        AcceptPolicy balanced = of(Distribution.BALANCED);
        loads.every = false;
        for (int i = 0; i < 100; i++) {
            loads.connections[balanced.owner(loads)]++;
        }
        assertThat(LongStream.of(loads.connections)).containsOnly(25L);
        loads.refuses[0] = true;
        assertThat(balanced.owner(loads)).isNotZero();
        Arrays.fill(loads.refuses, true);
        assertThat(balanced.owner(loads)).isZero();
    }

    @Test
    void clientsAreCountedByAddressAndByNetworkOfIpv6() throws Exception {
        ClientCounts counts = new ClientCounts();
        long four = ClientCounts.client(InetAddress.getByName("192.0.2.1"));
        long six = ClientCounts.client(InetAddress.getByName("2001:db8:1:2::7"));
        assertThat(six).isEqualTo(ClientCounts.client(InetAddress.getByName("2001:db8:1:2:ffff::1")))
                .isNotEqualTo(ClientCounts.client(InetAddress.getByName("2001:db8:1:3::7")));
        assertThat(four).isNotEqualTo(ClientCounts.client(InetAddress.getByName("192.0.2.2")));
        assertThat(counts.came(four, 2)).isTrue();
        assertThat(counts.came(four, 2)).isTrue();
        assertThat(counts.came(four, 2)).isFalse();
        assertThat(counts.came(six, 1)).isTrue();
        assertThat(counts.clients()).isEqualTo(2);
        counts.left(four);
        assertThat(counts.came(four, 2)).isTrue();
        counts.left(four);
        counts.left(four);
        counts.left(six);
        assertThat(counts.clients()).isZero();
    }
}
