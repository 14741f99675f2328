package io.solaster.rpc.client;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one shard calls with. On that shard. */
final class ClientShard implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RpcClient.class);
    /** Addresses that a shard has connections to. */
    private static final int MOST_TARGETS = 256;
    /** Connections of all shards here to single shards there; where it would take more, there is one for all. */
    private static final int MOST_CONNECTIONS = 1024;
    final Engine engine;
    final Shard shard;
    final RpcLimits limits;
    final LaneShard lanes;
    final Hello hello;
    /** Where a call goes for which nothing better is known. */
    private final Target common;
    private final InetSocketAddress server;
    /** By address, those beside the common one: owners' ports, and other processes. */
    private final Map<InetSocketAddress, Target> others = new LinkedHashMap<>();
    private @Nullable ServerMap map;
    /** Slots that another process has, as NOT_OWNER has said since the map came. */
    private final Map<Integer, Target> moved = new HashMap<>();
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
        this.server = server;
        this.common = new Target(this, server, true);
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
            send(call);
        }
    }

    private static long deadline(RpcOptions options, long now) {
        long deadline = options.deadline() == null
                ? Long.MAX_VALUE
                : after(now, TimeUnit.NANOSECONDS.convert(options.deadline()));
        RpcCall outer = options.detached() ? null : RpcCall.current();
        return outer == null ? deadline : Math.min(deadline, outer.deadline());
    }

    private static long after(long now, long nanos) {
        return nanos >= Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
    }

    // ---- where calls go

    /** Sends a call to whoever owns its key, as far as that is known. */
    void send(ClientCall<?, ?> call) {
        target(call).send(call);
    }

    private Target target(ClientCall<?, ?> call) {
        if (call.slot < 0 || call.takesAnyPort()) {
            return common;
        }
        Target elsewhere = moved.isEmpty() ? null : moved.get(call.slot);
        if (elsewhere != null) {
            return elsewhere;
        }
        ServerMap known = map;
        int port = known == null ? 0 : known.port(call.slot);
        if (port == 0 || port == server.getPort()) {
            return common;
        }
        Target owner = other(server.isUnresolved()
                ? InetSocketAddress.createUnresolved(server.getHostString(), port)
                : new InetSocketAddress(server.getAddress(), port), true);
        return owner == null ? common : owner;
    }

    private @Nullable Target other(InetSocketAddress address, boolean ofServer) {
        Target target = others.get(address);
        if (target == null && others.size() >= MOST_TARGETS) {
            moved.values().removeIf(Target::isUnused);
            others.values().removeIf(Target::isUnused);
        }
        if (target == null && others.size() < MOST_TARGETS) {
            target = new Target(this, address, ofServer);
            others.put(address, target);
        }
        return target;
    }

    /** A server has said HELLO on a connection to the common port, or to a shard's. */
    void learn(Hello hello) {
        ServerMap known = map;
        if (known != null && (known.says(hello) || known.isNewerThan(hello))) {
            return;
        }
        moved.clear();
        map = ServerMap.of(hello);
        if (map.ports() * (long) engine.shards().size() > MOST_CONNECTIONS) {
            map = null;
            if (known == null) {
                log.info("{} has {} shards, which would take {} connections: calls about keys go by its port for all,"
                        + " and on from there", server, hello.shards(), hello.shards() * (long) engine.shards().size());
            }
        }
    }

    /** No connection to a shard's port: the server may have come back with fewer. What waited goes by the port for all. */
    void forget(Target target) {
        if (target != common) {
            moved.values().removeIf(target::equals);
            map = null;
        }
    }

    /** Whether a target is the port for all. */
    boolean isCommon(Target target) {
        return target == common;
    }

    /** Another process has the key of a call: it is made there, and so are others about the same slot. */
    void moved(ClientCall<?, ?> call, InetSocketAddress owner) {
        Target target = other(owner, false);
        if (target == null) {
            call.fail(
                    new RpcException(RpcStatus.RESOURCE_EXHAUSTED, owner + " has the key, and there are connections to "
                            + MOST_TARGETS + " addresses already", true, null));
            return;
        }
        moved.put(call.slot, target);
        target.send(call);
    }

    boolean hasEnded() {
        return ended;
    }

    int connections() {
        int sum = common.connections();
        for (Target each : others.values()) {
            sum += each.connections();
        }
        return sum;
    }

    /** Fails what is under way, and closes. */
    void end() {
        if (!ended) {
            ended = true;
            common.end();
            new ArrayList<>(others.values()).forEach(Target::end);
        }
    }

    @Override
    public void close() {
        end();
        lanes.close();
    }
}
