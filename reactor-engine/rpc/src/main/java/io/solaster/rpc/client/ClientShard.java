package io.solaster.rpc.client;

import java.net.InetSocketAddress;
import java.util.List;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.rpc.RpcCall;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcOptions;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneShard;
import io.solaster.rpc.frame.Hello;

/** What one shard calls with. On that shard. */
final class ClientShard implements AutoCloseable {
    private static final Hello.Window WINDOW = new Hello.Window(1024, 1 << 20, 256 * 1024);

    final Engine engine;
    final Shard shard;
    final RpcLimits limits;
    final LaneShard lanes;
    final Hello hello;
    private final Target target;
    private boolean ended;

    ClientShard(Engine engine, Shard shard, InetSocketAddress server, RpcLimits limits) {
        this.engine = engine;
        this.shard = shard;
        this.limits = limits;
        this.lanes = new LaneShard(shard, "RPC client of " + server, shard.currentGroup());
        this.hello = new Hello(0, "", shard.id(), engine.shards().size(), 0, (int) limits.maxMessage().bytes(),
                limits.maxCalls(), WINDOW, List.of(), List.of(), List.of());
        this.target = new Target(this, server);
    }

    <Q, A> ShardFuture<A> call(RpcMethod<Q, A> method, Q request, RpcOptions options) {
        long now = lanes.now();
        long deadline = options.deadline() == null ? Long.MAX_VALUE : after(now, options.deadline().toNanos());
        RpcCall outer = options.detached() ? null : RpcCall.current();
        if (outer != null) {
            deadline = Math.min(deadline, outer.deadline());
        }
        ClientCall<Q, A> call = new ClientCall<>(this, method, request, options.slot(), deadline);
        if (ended) {
            call.fail(new RpcException(RpcStatus.UNAVAILABLE, "the client is closed", true, null));
        } else if (deadline <= now) {
            call.fail(new RpcException(RpcStatus.DEADLINE_EXCEEDED, "the time was over before the call was made", true,
                    null));
        } else {
            call.start(now);
            target.send(call);
        }
        return call.future();
    }

    private static long after(long now, long nanos) {
        return nanos >= Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
    }

    boolean hasEnded() {
        return ended;
    }

    int connections() {
        return target.connections();
    }

    /** Fails what is under way, and closes. */
    void end() {
        if (!ended) {
            ended = true;
            target.end();
        }
    }

    @Override
    public void close() {
        end();
        lanes.close();
    }
}
