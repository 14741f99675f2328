package io.solaster.pool.resp;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

import io.netty.channel.Channel;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Protocol;
import io.solaster.resp.Reply;
import io.solaster.resp.ReplyLimits;

/**
 * Redis's protocol. A connection says HELLO, or AUTH, CLIENT SETNAME and SELECT to a server that does not know that, as
 * {@code solaster.pools.<name>.resp} says. Immutable.
 */
public final class RespProtocol implements Protocol<RespConnection> {
    private final PoolConfig config;
    private final boolean shared;
    private final ReplyLimits limits;
    private final Consumer<? super Reply.Aggregate> pushes;

    private RespProtocol(PoolConfig config, boolean shared, ReplyLimits limits,
            Consumer<? super Reply.Aggregate> pushes) {
        this.config = config;
        this.shared = shared;
        this.limits = limits;
        this.pushes = pushes;
    }

    /** Connections that many commands share, pipelined. */
    public static RespProtocol shared(PoolConfig config) {
        return new RespProtocol(config, true, ReplyLimits.DEFAULT, push -> {});
    }

    /** Connections that are taken alone: for WATCH, for commands that block, for subscriptions. */
    public static RespProtocol exclusive(PoolConfig config) {
        return new RespProtocol(config, false, ReplyLimits.DEFAULT, push -> {});
    }

    /** This, for connections that are taken alone. */
    public RespProtocol alone() {
        return new RespProtocol(config, false, limits, pushes);
    }

    /** This with other limits on replies; a connection that exceeds one is closed. */
    public RespProtocol withLimits(ReplyLimits newLimits) {
        return new RespProtocol(config, shared, newLimits, pushes);
    }

    /** This with a listener for RESP3's pushes, such as invalidations; called on the shard that owns the connection. */
    public RespProtocol withPushes(Consumer<? super Reply.Aggregate> newPushes) {
        return new RespProtocol(config, shared, limits, newPushes);
    }

    ReplyLimits limits() {
        return limits;
    }

    Consumer<? super Reply.Aggregate> pushes() {
        return pushes;
    }

    /** Replies that nobody waits for any more, beyond which a connection counts as dead. */
    int maxGivenUp() {
        return config.connections().maxRequests();
    }

    /** How long a connection may be silent before a request that took too long makes it count as dead. */
    long silenceNanos() {
        return config.connections().userTimeout().isZero()
                ? Long.MAX_VALUE
                : config.connections().userTimeout().toNanos();
    }

    @Override
    public String name() {
        return shared ? "resp" : "resp, each connection for one at a time";
    }

    @Override
    public String maxKey() {
        return shared ? "connections.max" : "resp.exclusive";
    }

    @Override
    public CompletionStage<RespConnection> open(Shard shard, Channel channel, Endpoint endpoint) {
        RespConnection connection = new RespConnection(shard, channel, endpoint.address(), shared, this);
        RespConfig resp = config.resp();
        CompletionStage<RespConnection> greeted = resp.version() < 3
                ? introduce(connection)
                : connection.command(hello(resp)).handle((reply, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedStage(connection);
                    }
                    // Redis 5 knows no HELLO, and others refuse version 3.
                    if (failure instanceof RespException error
                            && (error.code().equals("NOPROTO") || error.code().equals("ERR"))) {
                        return introduce(connection);
                    }
                    return CompletableFuture.<RespConnection>failedStage(failure);
                }).thenCompose(next -> next);
        return resp.database() == 0
                ? greeted
                : greeted.thenCompose(greeting -> then(connection, "SELECT", "" + resp.database()));
    }

    private static CompletionStage<RespConnection> then(RespConnection connection, String... words) {
        return connection.command(words).thenApply(reply -> connection);
    }

    private static String[] hello(RespConfig resp) {
        List<String> words = new ArrayList<>(List.of("HELLO", "3"));
        if (resp.password() != null) {
            words.addAll(List.of("AUTH", resp.username() == null ? "default" : resp.username(), resp.password()));
        }
        if (resp.clientName() != null) {
            words.addAll(List.of("SETNAME", resp.clientName()));
        }
        return words.toArray(String[]::new);
    }

    private CompletionStage<RespConnection> introduce(RespConnection connection) {
        RespConfig resp = config.resp();
        CompletionStage<RespConnection> done = CompletableFuture.completedStage(connection);
        if (resp.password() != null) {
            done = resp.username() == null
                    ? then(connection, "AUTH", resp.password())
                    : then(connection, "AUTH", resp.username(), resp.password());
        }
        String name = resp.clientName();
        return name == null ? done : done.thenCompose(proved -> then(connection, "CLIENT", "SETNAME", name));
    }
}
