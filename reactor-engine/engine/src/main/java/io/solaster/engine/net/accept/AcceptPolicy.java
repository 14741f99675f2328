package io.solaster.engine.net.accept;

/**
 * Says which shard owns a new connection of a server. The connection goes there before its first byte is read, and stays. A
 * connection to a shard's own port belongs to that shard, and nobody is asked.
 *
 * <p>
 * One instance serves all shards that accept: {@link #owner} is called by several of them at once. It must not block, and
 * should be quick, since clients wait to be accepted meanwhile. One that throws, or names a shard that takes none, costs no
 * connection: it stays where it was accepted, else goes to the shard that has the fewest; that is counted, and logged once in a
 * while.
 */
@FunctionalInterface
public interface AcceptPolicy {

    /**
     * Which shard is to own a connection that has just been accepted. On the shard that has accepted it.
     *
     * @param loads what the shards carry now; valid during the call
     * @return the number of a shard, from 0
     */
    int owner(ShardLoads loads);

    /**
     * Whether every shard has a listening socket (SO_REUSEPORT), where transport and address allow it; else shard 0 accepts for
     * all, which has the counts exact. Asked once, when the server is bound.
     */
    default boolean everyShardAccepts() {
        return true;
    }
}
