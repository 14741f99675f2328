package io.solaster.engine.net.accept;

import io.solaster.config.Internal;
import io.solaster.config.server.ServerConfig.Distribution;

/** The policies behind {@code distribution}. Any thread. */
@Internal
public final class AcceptPolicies {
    /** Whoever accepts owns. A server need not ask it. */
    public static final AcceptPolicy OWN_SHARD = ShardLoads::acceptor;

    private AcceptPolicies() {}

    /** A policy for one server. */
    public static AcceptPolicy of(Distribution distribution, int shards) {
        return switch (distribution) {
            case REUSEPORT -> OWN_SHARD;
            case LEAST_CONNECTIONS -> new LeastConnections();
            case BALANCED -> new Balanced(shards);
        };
    }

    /** The shard that has the fewest of those that take any; the acceptor if none does. */
    public static int least(ShardLoads loads) {
        int least = -1;
        long fewest = Long.MAX_VALUE;
        for (int shard = 0; shard < loads.shards(); shard++) {
            if (loads.takes(shard) && loads.connections(shard) < fewest) {
                least = shard;
                fewest = loads.connections(shard);
            }
        }
        return least < 0 ? loads.acceptor() : least;
    }

    /** One shard accepts, since an owner's count is exact only for the one that gives. */
    private static final class LeastConnections implements AcceptPolicy {

        @Override
        public int owner(ShardLoads loads) {
            return least(loads);
        }

        @Override
        public boolean everyShardAccepts() {
            return false;
        }
    }
}
