package io.solaster.boot.netty;

import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

import io.netty.resolver.AddressResolverGroup;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.transport.TransportConfig;

/**
 * Reactor Netty's connections, pooled per shard: one pool for all would hand a call the connection of any shard, and its
 * answer would arrive there. A shard takes from its own pool; any other thread goes to a shard, the next in turn, and
 * takes there. Any thread.
 */
final class ShardConnectionProvider implements ConnectionProvider {
    /** Reactor Netty's own limit for HTTP, of which each shard gets its part. */
    private static final int CONNECTIONS_PER_HOST = 500;
    private static final int LEAST_PER_SHARD = 16;

    private final String name;
    private final ColocatedShards shards;
    private final int perShard;
    private final List<ConnectionProvider> pools = new ArrayList<>();
    private final List<Scheduler> schedulers = new ArrayList<>();

    ShardConnectionProvider(Engine engine) {
        this.name = engine.name();
        this.shards = new ColocatedShards(engine);
        int count = engine.shards().size();
        this.perShard = Math.max(LEAST_PER_SHARD, (CONNECTIONS_PER_HOST + count - 1) / count);
        for (Shard shard : engine.shards()) {
            pools.add(settings(name + "-shard-" + shard.id(), perShard).build());
            schedulers.add(Schedulers.fromExecutor(shard));
        }
    }

    private static ConnectionProvider.Builder settings(String name, int connections) {
        return ConnectionProvider.builder(name).maxConnections(connections);
    }

    @Override
    public Mono<? extends Connection> acquire(TransportConfig config, ConnectionObserver observer,
            @Nullable Supplier<? extends SocketAddress> remoteAddress, @Nullable AddressResolverGroup<?> resolvers) {
        return Mono.defer(() -> {
            Shard shard = shards.nextShard();
            Mono<? extends Connection> connection = pools.get(shard.id()).acquire(config, observer, remoteAddress,
                    resolvers);
            return shard.inEventLoop() ? connection : connection.subscribeOn(schedulers.get(shard.id()));
        });
    }

    @Override
    public void disposeWhen(SocketAddress remoteAddress) {
        pools.forEach(pool -> pool.disposeWhen(remoteAddress));
    }

    @Override
    public Mono<Void> disposeLater() {
        return Mono.when(pools.stream().map(ConnectionProvider::disposeLater).toList());
    }

    @Override
    public boolean isDisposed() {
        return pools.stream().allMatch(ConnectionProvider::isDisposed);
    }

    @Override
    public int maxConnections() {
        return perShard * pools.size();
    }

    /** What HTTP/2 makes its own pool of, over these. */
    @Override
    public Builder mutate() {
        return settings(name, maxConnections());
    }

    @Override
    public String name() {
        return name;
    }
}
