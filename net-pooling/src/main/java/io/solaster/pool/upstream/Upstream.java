package io.solaster.pool.upstream;

import java.util.List;

import io.solaster.config.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.Discovery;

/**
 * The endpoints behind one name, and which of them takes the next request: discovery, health and balancing, without
 * connections. Pools stand on it; an application that has connections of its own may use it alone. Any thread.
 */
public final class Upstream implements AutoCloseable {
    private final String name;
    private final Discovery discovery;
    private final Sharded<ShardUpstream> shards;
    private volatile List<Endpoint> members = List.of();

    private Upstream(Engine engine, String name, Discovery discovery) {
        this.name = name;
        this.discovery = discovery;
        this.shards = engine.sharded(shard -> new ShardUpstream());
    }

    /**
     * Starts one.
     *
     * @param name what it is called in logs and meters: the key below {@code solaster.pools}
     * @param config its balancing and its health
     * @param discovery what finds its members; closed with it
     */
    public static Upstream start(Engine engine, String name, PoolConfig config, Discovery discovery) {
        Upstream upstream = new Upstream(engine, name, discovery);
        discovery.start(new Discovery.Listener() {
            @Override
            public void found(List<Endpoint> endpoints) {
                upstream.members(endpoints);
            }

            @Override
            public void failed(Throwable cause) {}
        });
        return upstream;
    }

    /** What it is called: the key below {@code solaster.pools}. */
    public String name() {
        return name;
    }

    /** Its part on the calling shard. */
    public ShardUpstream local() {
        return shards.local();
    }

    /** Its members, well or not, as discovery has told last. */
    public List<Endpoint> members() {
        return members;
    }

    private ShardFuture<?> members(List<Endpoint> newMembers) {
        members = List.copyOf(newMembers);
        return shards.onAll(shard -> {
            shard.members(newMembers);
            return true;
        });
    }

    @Override
    public void close() {
        discovery.close();
    }
}
