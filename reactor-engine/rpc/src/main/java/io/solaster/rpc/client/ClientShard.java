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
import io.solaster.rpc.RpcReader;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneShard;
import io.solaster.rpc.connection.LaneStream;
import io.solaster.rpc.frame.Hello;
import org.jspecify.annotations.Nullable;

/** What one shard calls with. On that shard. */
final class ClientShard implements AutoCloseable {
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
                limits.maxCalls(), new Hello.Window(limits.window().messages(), (int) limits.window().bytes().bytes(),
                        (int) limits.window().streamBytes().bytes()),
                List.of(), List.of(), List.of());
        this.target = new Target(this, server);
    }

    <Q, A> ShardFuture<A> call(RpcMethod<Q, A> method, Q request, RpcOptions options) {
        long now = lanes.now();
        UnaryCall<Q, A> call = new UnaryCall<>(this, method, request, options.slot(), deadline(options, now));
        begin(call, now);
        return call.future();
    }

    /**
     * Begins a call with streams.
     *
     * @param request the single one; null where requests are a stream
     */
    <Q, A> LaneStream<A, Q> open(RpcMethod<Q, A> method, @Nullable Q request, RpcOptions options, RpcReader<A> reader) {
        long now = lanes.now();
        StreamCall<Q, A> call = new StreamCall<>(this, method, request, options.slot(), deadline(options, now));
        call.stream().readBy(reader);
        if (!call.isOver()) {
            begin(call, now);
        }
        return call.stream();
    }

    private void begin(ClientCall<?, ?> call, long now) {
        if (ended) {
            call.fail(new RpcException(RpcStatus.UNAVAILABLE, "the client is closed", true, null));
        } else if (call.deadline <= now) {
            call.fail(new RpcException(RpcStatus.DEADLINE_EXCEEDED, "the time was over before the call was made", true,
                    null));
        } else {
            call.start(now);
            target.send(call);
        }
    }

    private static long deadline(RpcOptions options, long now) {
        long deadline = options.deadline() == null ? Long.MAX_VALUE : after(now, options.deadline().toNanos());
        RpcCall outer = options.detached() ? null : RpcCall.current();
        return outer == null ? deadline : Math.min(deadline, outer.deadline());
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
