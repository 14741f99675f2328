package io.solaster.engine.net.accept;

/**
 * Keeps a connection where it was accepted, since a hand-over costs a wake-up, unless that shard carries clearly more than its
 * part. It then gives away until it carries no more than that: between the two it goes on with what it did, so that shards about
 * as loaded as each other do not pass connections to and fro.
 *
 * <p>
 * Work counts beside connections, since some do more than others. A shard that works more than others do gives what it accepts to
 * one that works less than the mean, and of those to the one with the fewest, so that not all go to one within the second that
 * a utilization is old; never to one that has twice its part of connections already.
 */
final class Balanced implements AcceptPolicy {
    /** Of the mean of connections: above the one it begins to give away, at the other it ends. */
    private static final double MANY = 1.1;
    private static final double ENOUGH = 1;
    /** Above the mean of utilizations, likewise. */
    private static final double BUSY = 0.2;
    private static final double CALM = 0.1;
    /** Below that, a shard has time for all of its connections. */
    private static final double IDLE = 0.5;

    /** By acceptor, each of which reads and writes its own. */
    private final boolean[] crowded;
    private final boolean[] busy;

    Balanced(int shards) {
        this.crowded = new boolean[shards];
        this.busy = new boolean[shards];
    }

    @Override
    public int owner(ShardLoads loads) {
        int self = loads.acceptor();
        long connections = 0;
        double work = 0;
        int taking = 0;
        for (int shard = 0; shard < loads.shards(); shard++) {
            if (loads.takes(shard)) {
                taking++;
                connections += loads.connections(shard);
                work += loads.utilization(shard);
            }
        }
        if (taking == 0) {
            return self;
        }
        double mean = (double) connections / taking;
        double meanWork = work / taking;
        double own = loads.connections(self) + 1;
        crowded[self] = own > (crowded[self] ? mean * ENOUGH : mean * MANY + 1);
        double ownWork = loads.utilization(self);
        busy[self] = ownWork > IDLE && ownWork > meanWork + (busy[self] ? CALM : BUSY);
        if (busy[self]) {
            return calmest(loads, mean, meanWork);
        }
        return crowded[self] || !loads.everyShardAccepts() || !loads.takes(self) ? AcceptPolicies.least(loads) : self;
    }

    private static int calmest(ShardLoads loads, double mean, double meanWork) {
        int least = -1;
        long fewest = Long.MAX_VALUE;
        for (int shard = 0; shard < loads.shards(); shard++) {
            long connections = loads.connections(shard);
            if (loads.takes(shard) && loads.utilization(shard) < meanWork && connections <= 2 * mean + 1
                    && connections < fewest) {
                least = shard;
                fewest = connections;
            }
        }
        return least < 0 ? AcceptPolicies.least(loads) : least;
    }
}
