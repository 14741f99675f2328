package io.solaster.engine.net.accept;

/**
 * What the shards carry of a server, as the shard sees it that has accepted a connection. Others accept at the same time, so that
 * figures are a moment old; the new connection is in none of them. On that shard.
 */
public interface ShardLoads {

    /** How many shards there are. */
    int shards();

    /** The number of the shard that has accepted the connection. */
    int acceptor();

    /** Whether every shard accepts; else {@link #acceptor} does for all. */
    boolean everyShardAccepts();

    /**
     * Whether a shard may own one more: false of one that is drained, stops or has died, and of one to which so many are on their
     * way already as may be.
     */
    boolean takes(int shard);

    /** Connections of this server that a shard owns, those on their way to it included. */
    long connections(int shard);

    /** Connections that the acceptor has given to a shard so far, those that have ended included. */
    long given(int shard);

    /** Which part of the time a shard had something to do, from 0 to 1, over the last second or so. */
    double utilization(int shard);
}
