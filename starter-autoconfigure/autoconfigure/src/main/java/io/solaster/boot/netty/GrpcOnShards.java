package io.solaster.boot.netty;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.solaster.config.LibrariesConfig.GrpcHandlers;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts gRPC's servers and channels on the shards; Spring's are put there without being asked. Any thread.
 */
public final class GrpcOnShards {
    private static final Logger log = LoggerFactory.getLogger(GrpcOnShards.class);

    private final Engine engine;
    private final ColocatedShards shards;
    private final ChannelTypes channels;
    private final GrpcHandlers handlers;

    GrpcOnShards(Engine engine, GrpcHandlers asked) {
        this.engine = engine;
        this.shards = new ColocatedShards(engine);
        this.channels = ChannelTypes.of(engine);
        this.handlers = possible(asked);
    }

    private GrpcHandlers possible(GrpcHandlers asked) {
        if (asked == GrpcHandlers.FORK) {
            try {
                engine.shard(0).fork(() -> {});
            } catch (IllegalStateException e) {
                log.warn("gRPC services run in gRPC's own pool instead of on the shards: {}", e.getMessage());
                return GrpcHandlers.POOL;
            }
        }
        return asked;
    }

    /** Where services run: what was configured, or the pool where the JVM lets no shard carry virtual threads. */
    public GrpcHandlers handlers() {
        return handlers;
    }

    /**
     * Serves a server's connections on the shards, and runs its services as {@code solaster.libraries.grpc-handlers} says.
     *
     * @return the builder
     */
    public NettyServerBuilder on(NettyServerBuilder server) {
        server.bossEventLoopGroup(engine.eventLoopGroup()).workerEventLoopGroup(engine.eventLoopGroup())
                .channelType(channels.server());
        return switch (handlers) {
            case FORK -> server.executor(task -> shards.nextShard().fork(task));
            case SHARD -> server.directExecutor();
            case POOL -> server;
        };
    }

    /**
     * Connects a channel on the shards. A call that is made on a shard has its answer there; one that is made elsewhere has
     * it where gRPC would have it.
     *
     * @return the builder
     */
    public NettyChannelBuilder on(NettyChannelBuilder channel) {
        return channel.eventLoopGroup(engine.eventLoopGroup()).channelType(channels.stream())
                .intercept(new HomeInterceptor());
    }

    /** Brings answers home to the shard that called, unless the caller has said where it wants them. */
    private final class HomeInterceptor implements ClientInterceptor {

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            Shard here = shards.here();
            return next.newCall(method,
                    here != null && options.getExecutor() == null ? options.withExecutor(here) : options);
        }
    }
}
