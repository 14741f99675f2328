package io.solaster.pool.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.engine.env.Threads;
import io.solaster.engine.env.TimeSource;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Connector;
import io.solaster.pool.PoolStats;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Protocol;
import io.solaster.pool.ShardPool;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shards' parts of a pool, and what goes between them. */
final class DefaultConnectionPool<C extends PooledConnection> implements ConnectionPool<C> {
    private static final Logger log = LoggerFactory.getLogger(DefaultConnectionPool.class);
    private static final Duration CLOSE = Duration.ofSeconds(5);
    private static final Duration WARM_UP_LOOK = Duration.ofMillis(2);

    private final Engine engine;
    private final String name;
    private final Protocol<C> protocol;
    private final Upstream upstream;
    private final Connector connector;
    private final Budget budget;
    private final List<PoolStats> stats;
    private final Sharded<DefaultShardPool<C>> shards;
    private volatile PoolConfig config;

    /** Nothing happens before {@link #begin}. */
    DefaultConnectionPool(Engine engine, String name, PoolConfig config, Protocol<C> protocol, Upstream upstream,
            Connector connector) {
        this.engine = engine;
        this.name = name;
        this.config = config;
        this.protocol = protocol;
        this.upstream = upstream;
        this.connector = connector;
        this.budget = new Budget(engine, this, config.connections().max());
        List<PoolStats> each = new ArrayList<>();
        engine.shards().forEach(shard -> each.add(new PoolStats()));
        this.stats = List.copyOf(each);
        this.shards = engine.sharded(shard -> new DefaultShardPool<>(this, shard, stats.get(shard.id())));
    }

    /** Starts it: see {@link ConnectionPools#start}. */
    void begin() {
        engine.onStop(this::close);
        ConnectionsConfig bounds = config.connections();
        log.info("Pool '{}': {} over {} shard(s), at most {} connection(s): {} a shard, {} a shard and endpoint{}",
                name,
                protocol.name(), engine.shards().size(), bounds.max(), bounds.maxPerShard(), bounds.maxPerEndpoint(),
                bounds.minIdle() == 0 ? "" : ", at least " + bounds.minIdle());
        if (bounds.max() < engine.shards().size()) {
            log.warn(
                    "Pool '{}': {} connection(s) for {} shards, so that some shards run their requests on others; raise"
                            + " solaster.pools.{}.{}",
                    name, bounds.max(), engine.shards().size(), name, protocol.maxKey());
        }
        try {
            shards.onAll(shard -> {
                shard.begin();
                return true;
            }).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
        warmUp(bounds);
    }

    private void warmUp(ConnectionsConfig bounds) {
        if (bounds.minIdle() == 0 || bounds.warmUp().isZero()) {
            return;
        }
        TimeSource clock = engine.environment().clock();
        Threads threads = engine.environment().threads();
        CompletableFuture<?> pause = new CompletableFuture<>();
        long end = clock.nanoTime() + bounds.warmUp().toNanos();
        try {
            for (long left = end - clock.nanoTime(); left > 0; left = end - clock.nanoTime()) {
                CompletableFuture<List<Boolean>> looked = shards.onAll(shard -> shard.members.areWarm());
                if (!threads.await(looked, Duration.ofNanos(left))) {
                    break;
                }
                if (looked.join().stream().allMatch(each -> each)) {
                    return;
                }
                threads.await(pause, WARM_UP_LOOK);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } catch (CompletionException e) {
            log.debug("Pool '{}' is not warm", name, e);
        }
        log.warn("Pool '{}' has not opened {} connection(s) a shard and endpoint within {}; it goes on without", name,
                bounds.minIdle(), bounds.warmUp());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public PoolConfig config() {
        return config;
    }

    @Override
    public Upstream upstream() {
        return upstream;
    }

    @Override
    public List<PoolStats> stats() {
        return stats;
    }

    Budget budget() {
        return budget;
    }

    @Override
    public Protocol<C> protocol() {
        return protocol;
    }

    Connector connector() {
        return connector;
    }

    @Override
    public ShardPool<C> local() {
        return shards.local();
    }

    @Override
    public <R extends @Nullable Object> ShardFuture<R> use(long key, @Nullable Target except, Duration patience,
            Function<? super C, ? extends CompletionStage<R>> work) {
        return shards.local().use(key, except, patience, work);
    }

    @Override
    public ShardFuture<?> reconfigure(PoolConfig newConfig) {
        config = newConfig;
        budget.max(newConfig.connections().max());
        return onCaller(() -> CompletableFuture.allOf(shards.onAll(shard -> {
            shard.configure(newConfig);
            return true;
        }), upstream.reconfigure(newConfig)));
    }

    @Override
    public ShardFuture<?> renew() {
        log.info("Pool '{}': every connection is replaced", name);
        return shards.onAll(shard -> {
            shard.members.renew();
            return true;
        });
    }

    @Override
    public ShardFuture<Boolean> drain(Duration deadline) {
        return onCaller(() -> {
            List<CompletableFuture<Boolean>> all = new ArrayList<>();
            for (Shard shard : engine.shards()) {
                all.add(engine.submitStageTo(shard.id(), CallOptions.DEFAULTS,
                        () -> shards.local().closing.drain(deadline)));
            }
            return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                    .thenApply(done -> all.stream().allMatch(CompletableFuture::join));
        });
    }

    /** Answers on the shard that calls; on the first where none does. */
    private <T extends @Nullable Object> ShardFuture<T> onCaller(Callable<? extends CompletionStage<T>> work) {
        Shard here = Shard.current();
        return engine.submitStageTo(here == null ? 0 : here.id(), CallOptions.DEFAULTS, work);
    }

    @Override
    public void close() {
        try {
            drain(Duration.ZERO).get(CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.debug("Pool '{}' has not closed cleanly", name, e);
        }
    }

    // ---- between shards

    /** Runs a request where a connection was lent. On the shard that asks. */
    <R extends @Nullable Object> ShardFuture<R> runOn(int lender, CallOptions options, C connection,
            Function<? super C, ? extends CompletionStage<R>> work) {
        Lent<C> lent = new Lent<>(connection);
        ShardFuture<R> answer = engine.submitStageTo(lender, options, () -> lent.run(shards.local(), work));
        answer.whenComplete((value, failure) -> {
            Shard here = Shard.current();
            if (failure != null && here != null) {
                // A call that was given up or refused has perhaps never begun there, and never will.
                Budget.tell(here, lender, () -> lent.takeBack(shards.local()));
            }
        });
        return answer;
    }

    /** Gives a connection back that was lent for nobody. On any shard. */
    void giveOn(int lender, PooledConnection connection) {
        Budget.tell(Budget.here(), lender, () -> shards.local().give(cast(connection)));
    }

    /** From shard 0. */
    void grant(int shard, int permits) {
        Budget.tell(Budget.here(), shard, () -> shards.local().granted(permits));
    }

    /** From shard 0. */
    void shed(int shard, int left) {
        Budget.tell(Budget.here(), shard, () -> shards.local().shed(left));
    }

    /** From shard 0. */
    void othersWait(int shard, long since, boolean permits) {
        Budget.tell(Budget.here(), shard, () -> shards.local().loans.othersWait(since, permits));
    }

    /** From shard 0. */
    void lend(int lender, int needy, PooledConnection connection) {
        Budget.tell(Budget.here(), needy, () -> shards.local().loans.lent(lender, cast(connection)));
    }

    @SuppressWarnings("unchecked") // a pool's connections are all of one protocol
    private C cast(PooledConnection connection) {
        return (C) connection;
    }
}
