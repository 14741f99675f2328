package io.solaster.rpc.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.rpc.RpcCall;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcOptions;
import io.solaster.rpc.RpcReader;
import io.solaster.rpc.RpcWriter;
import org.jspecify.annotations.Nullable;

/**
 * Calls one server over lanes, from every shard of an engine: each shard has its own connection, made when it first calls. Calls of a
 * turn leave in one write. Any thread may call; from a thread that is no shard, a call goes to a shard first. It ends with its engine, or
 * by {@link #close}.
 */
public final class RpcClient implements AutoCloseable {
    private static final Duration CLOSE = Duration.ofSeconds(5);

    private final Engine engine;
    private final Sharded<ClientShard> shards;
    private final AtomicInteger next = new AtomicInteger();

    private RpcClient(Engine engine, InetSocketAddress server, RpcLimits limits) {
        this.engine = engine;
        this.shards = engine.sharded(shard -> new ClientShard(engine, shard, server, limits));
    }

    /**
     * A client of a server. Nothing is connected yet. Not on a shard.
     *
     * @param server where it listens; a name that is not resolved yet is resolved for each connection
     */
    public static RpcClient of(Engine engine, InetSocketAddress server, RpcLimits limits) {
        return new RpcClient(engine, server, limits);
    }

    /** As {@link #call(RpcMethod, Object, RpcOptions)}, as {@link RpcOptions#DEFAULTS} say. */
    public <Q, A> ShardFuture<A> call(RpcMethod<Q, A> method, Q request) {
        return call(method, request, RpcOptions.DEFAULTS);
    }

    /**
     * Makes a call. One that was surely not begun, since the server said goodbye, is made again by itself; no other is.
     *
     * @param request is kept until the call has ended
     * @return the answer, which comes home to the shard that called; of a one-way method an empty one, once the request is on its way.
     *         Fails with {@link RpcException}. Cancelling it has the server leave the call
     */
    public <Q, A> ShardFuture<A> call(RpcMethod<Q, A> method, Q request, RpcOptions options) {
        if (method.kind().isStream()) {
            throw new IllegalArgumentException("'" + method + "' is " + method.kind() + "; use stream(…) or open(…)");
        }
        Shard here = Shard.current();
        if (here != null && here.id() < engine.shards().size() && engine.shard(here.id()).equals(here)) {
            return shards.local().call(method, request, options);
        }
        int shard = Math.floorMod(next.getAndIncrement(), engine.shards().size());
        // A shard of another engine may serve a call itself; over there, nobody does.
        RpcOptions inherited = inherit(options);
        return engine.submitStageTo(shard, CallOptions.DEFAULTS,
                () -> shards.local().call(method, request, inherited));
    }

    /**
     * Makes a call with a stream of answers. On a shard of the client's engine.
     *
     * @param reader told of the answers, and of the call's end
     * @throws IllegalStateException elsewhere
     */
    public <Q, A> void stream(RpcMethod<Q, A> method, Q request, RpcOptions options, RpcReader<A> reader) {
        if (method.kind() != RpcMethod.Kind.ANSWERS) {
            throw new IllegalArgumentException(
                    "'" + method + "' is " + method.kind() + "; give a method of answers(…)");
        }
        shards.local().open(method, request, options, reader);
    }

    /**
     * Makes a call with a stream of requests, and one answer or a stream of them. On a shard of the client's engine.
     *
     * @param reader told of the answers, and of the call's end
     * @return what to write requests to; nothing is connected yet, perhaps
     * @throws IllegalStateException elsewhere
     */
    public <Q, A> RpcWriter<Q> open(RpcMethod<Q, A> method, RpcOptions options, RpcReader<A> reader) {
        if (!method.kind().isOpen()) {
            throw new IllegalArgumentException(
                    "'" + method + "' is " + method.kind() + "; give a method of requests(…) or both(…)");
        }
        return shards.local().open(method, null, options, reader);
    }

    private static RpcOptions inherit(RpcOptions options) {
        RpcCall outer = options.detached() ? null : RpcCall.current();
        Duration left = outer == null ? null : outer.timeLeft();
        Duration own = options.deadline();
        if (left == null || own != null && own.compareTo(left) <= 0) {
            return options;
        }
        return options.withDeadline(left.isZero() ? Duration.ofNanos(1) : left);
    }

    /** Connections that are open, over all shards. Not on a shard. */
    public long connections() {
        return shards.onAll(ClientShard::connections).join().stream().mapToLong(Integer::longValue).sum();
    }

    /** Fails what is under way, and closes. Not on a shard. */
    @Override
    public void close() {
        Shard.refuseToBlock("closing a client", "do it on another thread");
        ShardFuture<?> closed = shards.<@Nullable Void>onAll(shard -> {
            shard.close();
            return null;
        });
        try {
            engine.environment().threads().await(closed, CLOSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
