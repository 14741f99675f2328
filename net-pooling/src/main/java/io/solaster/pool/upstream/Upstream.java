package io.solaster.pool.upstream;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.health.HealthCheck;
import io.solaster.pool.health.HealthChecks;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints behind one name, and which of them takes the next request: discovery, health and balancing, without
 * connections. Pools stand on it; an application that has connections of its own may use it alone. Any thread.
 *
 * <p>
 * One shard, the same for as long as the engine runs, keeps the books: it hears of members, checks them, gathers what
 * the shards have counted, ejects, and tells all shards. Each shard chooses by itself, by what it was told last and by
 * what it alone knows: requests under way, latencies, circuit breakers.
 */
public final class Upstream implements AutoCloseable {
    private final Engine engine;
    private final String name;
    private final Discovery discovery;
    private final Aggregator aggregator;
    private final Sharded<ShardUpstream> shards;
    private final List<UpstreamStats> stats;
    /** Whose members and health it shares; null where they are its own. */
    private final @Nullable Upstream original;

    private Upstream(Engine engine, String name, PoolConfig config, Discovery discovery,
            Function<PoolConfig, @Nullable HealthCheck> checks) {
        this.engine = engine;
        this.name = name;
        this.discovery = discovery;
        this.original = null;
        this.stats = engine.shards().stream().map(shard -> new UpstreamStats()).toList();
        Shard home = engine.shard(Math.floorMod(name.hashCode(), engine.shards().size()));
        this.aggregator = new Aggregator(engine, home, name, config, checks, stats.get(home.id()));
        this.shards = parts();
    }

    private Upstream(Upstream original) {
        this.engine = original.engine;
        this.name = original.name;
        this.discovery = original.discovery;
        this.original = original;
        this.stats = original.stats;
        this.aggregator = original.aggregator;
        this.shards = parts();
    }

    private Sharded<ShardUpstream> parts() {
        return engine.sharded(shard -> new ShardUpstream(shard, aggregator, place(engine, shard),
                stats.get(shard.id())));
    }

    /**
     * Starts one whose endpoints are checked as the configuration says, over connections that are not encrypted. Not on
     * a shard.
     *
     * @param name what it is called in logs and meters: the key below {@code solaster.pools}
     * @param config its balancing, its health, and endpoints that are there beside those that are found
     * @param discovery what finds further members; closed with it. Those that it tells of before its {@code start}
     *            returns are there when this returns
     */
    public static Upstream start(Engine engine, String name, PoolConfig config, Discovery discovery) {
        return start(engine, name, config, discovery, HealthChecks.plain(engine));
    }

    /**
     * As {@link #start(Engine, String, PoolConfig, Discovery)}, with checks of one's own.
     *
     * @param checks gives the check that a configuration asks for, or another one; null for none. Asked again by
     *            {@link #reconfigure}
     */
    public static Upstream start(Engine engine, String name, PoolConfig config, Discovery discovery,
            Function<PoolConfig, @Nullable HealthCheck> checks) {
        Upstream upstream = new Upstream(engine, name, config, discovery, checks);
        List<CompletableFuture<?>> first = new ArrayList<>();
        first.add(upstream.onHome(() -> upstream.aggregator.begin(upstream.shards)));
        try {
            discovery.start(upstream.new Findings(first));
            CompletableFuture.allOf(first.toArray(CompletableFuture<?>[]::new)).join();
        } catch (CompletionException e) {
            upstream.close();
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
        return upstream;
    }

    /**
     * The same members for one more pool: one discovery and one health, so that what the requests of one pool say of an
     * endpoint counts for all of them, and who is drained is drained for all. Each balances by itself and has circuit
     * breakers of its own. It ends with this, or by its {@link #close} alone. Not on a shard.
     */
    public Upstream twin() {
        Upstream first = original == null ? this : original;
        Upstream twin = new Upstream(first);
        engine.submitToAll(shard -> {
            first.local().join(twin.local());
            return true;
        }).join();
        return twin;
    }

    /** What discovery tells, on whatever thread. */
    private final class Findings implements Discovery.Listener {
        private final long starter = Thread.currentThread().threadId();
        private final List<CompletableFuture<?>> first;

        /** @param first collects what is told on the thread that starts it, before it has started */
        Findings(List<CompletableFuture<?>> first) {
            this.first = first;
        }

        @Override
        public void found(List<Endpoint> endpoints) {
            List<Endpoint> all = List.copyOf(endpoints);
            CompletableFuture<?> told = onHome(() -> aggregator.found(all));
            if (Thread.currentThread().threadId() == starter) {
                first.add(told);
            }
        }

        @Override
        public void failed(Throwable cause) {
            onHome(() -> aggregator.notFound(discovery.name(), cause));
        }
    }

    private static Selection.Place place(Engine engine, Shard shard) {
        int nodes = 1 + engine.shards().stream().mapToInt(each -> each.place().numaNode()).max().orElse(0);
        double[] shares = new double[nodes];
        engine.shards().forEach(each -> shares[each.place().numaNode()] += 1.0 / engine.shards().size());
        return new Selection.Place(shard.place().numaNode(), Arrays.stream(shares).boxed().toList());
    }

    /** What it is called: the key below {@code solaster.pools}. */
    public String name() {
        return name;
    }

    /**
     * Its part on the calling shard.
     *
     * @throws IllegalStateException on a thread that is no shard of its engine
     */
    public ShardUpstream local() {
        return shards.local();
    }

    /** Its members, well or not. */
    public List<Endpoint> members() {
        return aggregator.members();
    }

    /** How it stands, by what the whole process knows of its endpoints. */
    public UpstreamState state() {
        return aggregator.state();
    }

    /** What is counted, by shard. */
    public List<UpstreamStats> stats() {
        return stats;
    }

    /** How each endpoint stands, over all shards. */
    public ShardFuture<UpstreamStatus> status() {
        return onHome(() -> shards.onAll(ShardUpstream::status)
                .thenApply(byShard -> new UpstreamStatus(name, aggregator.state(), discovery.name(),
                        aggregator.status(byShard))));
    }

    /**
     * Puts another configuration in force: endpoints that it names, balancing, health. Circuit breakers whose settings
     * change are closed; checks whose settings change begin anew.
     *
     * @return done once every shard goes by it
     */
    public ShardFuture<?> reconfigure(PoolConfig newConfig) {
        return onHome(() -> aggregator.reconfigure(newConfig));
    }

    /**
     * Sends no new request to an endpoint, until {@link #readmit}; what is under way may finish. It holds for the
     * address, also if the endpoint goes and comes back meanwhile.
     *
     * @return whether there is such an endpoint, once no shard chooses it any more
     */
    public ShardFuture<Boolean> drain(String address) {
        return onHome(() -> aggregator.drain(address));
    }

    /**
     * Takes an endpoint back at once that was drained, or ejected; a slow start is made where there is one.
     *
     * @return whether there is such an endpoint, once every shard knows
     */
    public ShardFuture<Boolean> readmit(String address) {
        return onHome(() -> aggregator.readmit(address));
    }

    private <T extends @Nullable Object> ShardFuture<T> onHome(Callable<? extends CompletionStage<T>> work) {
        return engine.submitStageTo(aggregator.home().id(), CallOptions.DEFAULTS, work);
    }

    /** Ends discovery and checks, for its twins too; from then on there is no endpoint. */
    @Override
    public void close() {
        if (original != null) {
            leave(original);
            return;
        }
        discovery.close();
        if (!engine.isStopping()) {
            onHome(aggregator::close);
        }
    }

    private void leave(Upstream first) {
        if (!engine.isStopping()) {
            engine.submitToAll(shard -> {
                first.local().leave(local());
                return true;
            });
        }
    }

    @Override
    public String toString() {
        return name + members();
    }
}
