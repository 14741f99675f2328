package io.solaster.pool;

import java.util.List;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.ShardFuture;

/**
 * The endpoints behind one name, and which of them takes the next request: discovery, health and balancing, without
 * connections. Pools stand on it; an application that has connections of its own may use it alone. {@code Upstreams}
 * starts one. Any thread.
 *
 * <p>
 * One shard, the same for as long as the engine runs, keeps the books: it hears of members, checks them, gathers what
 * the shards have counted, ejects, and tells all shards. Each shard chooses by itself, by what it was told last and by
 * what it alone knows: requests under way, latencies, circuit breakers.
 */
public interface Upstream extends AutoCloseable {

    /** What it is called: the key below {@code solaster.pools}. */
    String name();

    /**
     * Its part on the calling shard.
     *
     * @throws IllegalStateException on a thread that is no shard of its engine
     */
    ShardUpstream local();

    /** Its members, well or not. */
    List<Endpoint> members();

    /** How it stands, by what the whole process knows of its endpoints. */
    UpstreamState state();

    /** What is counted, by shard. */
    List<UpstreamStats> stats();

    /** How each endpoint stands, over all shards. */
    ShardFuture<UpstreamStatus> status();

    /**
     * Puts another configuration in force: endpoints that it names, balancing, health. Circuit breakers whose settings
     * change are closed; checks whose settings change begin anew.
     *
     * @return done once every shard goes by it
     */
    ShardFuture<?> reconfigure(PoolConfig newConfig);

    /**
     * Sends no new request to an endpoint, until {@link #readmit}; what is under way may finish. It holds for the
     * address, also if the endpoint goes and comes back meanwhile.
     *
     * @return whether there is such an endpoint, once no shard chooses it any more
     */
    ShardFuture<Boolean> drain(String address);

    /**
     * Takes an endpoint back at once that was drained, or ejected; a slow start is made where there is one.
     *
     * @return whether there is such an endpoint, once every shard knows
     */
    ShardFuture<Boolean> readmit(String address);

    /**
     * The same members for one more pool: one discovery and one health, so that what the requests of one pool say of an
     * endpoint counts for all of them, and who is drained is drained for all. Each balances by itself and has circuit
     * breakers of its own. It ends with this, or by its {@link #close} alone. Not on a shard.
     */
    Upstream twin();

    /** Ends discovery and checks, for its twins too; from then on there is no endpoint. */
    @Override
    void close();
}
