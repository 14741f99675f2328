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
import io.solaster.pool.Upstream;
import io.solaster.pool.UpstreamState;
import io.solaster.pool.UpstreamStats;
import io.solaster.pool.UpstreamStatus;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.health.HealthCheck;
import org.jspecify.annotations.Nullable;

/** The shards' parts of an upstream, and the books that one of them keeps. */
final class DefaultUpstream implements Upstream {
    private final Engine engine;
    private final String name;
    private final Discovery discovery;
    private final Aggregator aggregator;
    private final Sharded<DefaultShardUpstream> shards;
    private final List<UpstreamStats> stats;
    /** Whose members and health it shares; null where they are its own. */
    private final @Nullable DefaultUpstream original;

    /** Nothing happens before {@link #begin}. */
    DefaultUpstream(Engine engine, String name, PoolConfig config, Discovery discovery,
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

    private DefaultUpstream(DefaultUpstream original) {
        this.engine = original.engine;
        this.name = original.name;
        this.discovery = original.discovery;
        this.original = original;
        this.stats = original.stats;
        this.aggregator = original.aggregator;
        this.shards = parts();
    }

    private Sharded<DefaultShardUpstream> parts() {
        return engine.sharded(shard -> new DefaultShardUpstream(shard, aggregator, place(engine, shard),
                stats.get(shard.id())));
    }

    /** Starts it: see {@link Upstreams#start}. */
    void begin() {
        List<CompletableFuture<?>> first = new ArrayList<>();
        first.add(onHome(() -> aggregator.begin(shards)));
        Findings findings = new Findings(first);
        try {
            discovery.start(findings);
            findings.isStarting = false;
            // One by one: the engine's own futures know how to wait in a simulation, and allOf's does not.
            for (CompletableFuture<?> each : first) {
                each.join();
            }
        } catch (CompletionException e) {
            close();
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    @Override
    public Upstream twin() {
        DefaultUpstream first = original == null ? this : original;
        DefaultUpstream twin = new DefaultUpstream(first);
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
        /** On the thread that starts it only. */
        private boolean isStarting = true;

        /** @param first collects what is told on the thread that starts it, before it has started */
        Findings(List<CompletableFuture<?>> first) {
            this.first = first;
        }

        @Override
        public void found(List<Endpoint> endpoints) {
            List<Endpoint> all = List.copyOf(endpoints);
            CompletableFuture<?> told = onHome(() -> aggregator.found(all));
            if (Thread.currentThread().threadId() == starter && isStarting) {
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

    @Override
    public String name() {
        return name;
    }

    @Override
    public DefaultShardUpstream local() {
        return shards.local();
    }

    @Override
    public List<Endpoint> members() {
        return aggregator.members();
    }

    @Override
    public UpstreamState state() {
        return aggregator.state();
    }

    @Override
    public List<UpstreamStats> stats() {
        return stats;
    }

    @Override
    public ShardFuture<UpstreamStatus> status() {
        return onHome(() -> shards.onAll(DefaultShardUpstream::status)
                .thenApply(byShard -> new UpstreamStatus(name, aggregator.state(), discovery.name(),
                        aggregator.status(byShard))));
    }

    @Override
    public ShardFuture<?> reconfigure(PoolConfig newConfig) {
        return onHome(() -> aggregator.reconfigure(newConfig));
    }

    @Override
    public ShardFuture<Boolean> drain(String address) {
        return onHome(() -> aggregator.drain(address));
    }

    @Override
    public ShardFuture<Boolean> readmit(String address) {
        return onHome(() -> aggregator.readmit(address));
    }

    private <T extends @Nullable Object> ShardFuture<T> onHome(Callable<? extends CompletionStage<T>> work) {
        return engine.submitStageTo(aggregator.home().id(), CallOptions.DEFAULTS, work);
    }

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

    private void leave(DefaultUpstream first) {
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
