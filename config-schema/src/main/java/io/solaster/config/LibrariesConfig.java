package io.solaster.config;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which of the application's Netty libraries run on the shards, where they are there; the others keep threads of their
 * own.
 *
 * @param reactorNetty whether Reactor Netty runs on the shards: WebFlux's server and WebClient
 * @param lettuce whether Lettuce runs on the shards: clients of Redis
 * @param grpc whether gRPC's Netty transport runs on the shards: servers and channels
 * @param grpcHandlers where gRPC services run: in virtual threads of their connection's shard, right on the shard, or in
 *            gRPC's own pool of threads
 * @param rsocket whether RSocket's transports run on the shards
 * @param r2dbc whether R2DBC drivers over Reactor Netty run on the shards
 */
public record LibrariesConfig(@DefaultValue("true") boolean reactorNetty, @DefaultValue("true") boolean lettuce,
        @DefaultValue("true") boolean grpc, @DefaultValue("fork") GrpcHandlers grpcHandlers,
        @DefaultValue("true") boolean rsocket, @DefaultValue("true") boolean r2dbc) {

    /** What an empty configuration gives. */
    public static LibrariesConfig defaults() {
        return new LibrariesConfig(true, true, true, GrpcHandlers.FORK, true, true);
    }

    /** Where the methods of gRPC services run. */
    public enum GrpcHandlers {
        /** In a virtual thread of the connection's shard: what blocks parks it. */
        FORK,
        /** On the connection's shard: the quickest, for services that never block. */
        SHARD,
        /** In gRPC's own pool, off the shards: for services that compute for long or block in native code. */
        POOL
    }
}
