package io.solaster.rpc.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.netty.channel.Channel;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Ownership;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.Slots;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcService;
import io.solaster.rpc.frame.Hello;
import org.jspecify.annotations.Nullable;

/**
 * Serves calls over lanes, on every shard of an engine. A call about a key is served on the shard that owns the key, wherever it has
 * come; any other on the shard that owns its connection. Any thread may call, but no shard. It ends with its engine, or by {@link #close}.
 */
public final class RpcServer implements AutoCloseable {
    private static final int NODE_BYTES = 20;

    private final RpcLimits limits;
    private final String callsUsed;
    private final List<ServerCounts> counts;
    private final ServerLog log = new ServerLog();
    private final Ownership ownership;
    private final List<Hello.Method> methods;
    private final int firstShardPort;
    private final int shards;
    private final @Nullable ServerShard[] parts;
    /** As the map was when somebody asked last, by shard; written by that shard. */
    private final @Nullable Hello[] hellos;
    private final TcpServer server;

    private RpcServer(Engine engine, String name, ServerConfig config, RpcLimits limits, Ownership ownership,
            List<RpcService> services) {
        this.limits = limits;
        this.ownership = ownership;
        this.callsUsed = "the connection has its " + limits.maxCalls() + " calls under way";
        this.shards = engine.shards().size();
        this.counts = Stream.generate(ServerCounts::new).limit(shards).toList();
        this.methods = methods(services);
        this.firstShardPort = config.shardPorts();
        this.hellos = new @Nullable Hello[shards];
        this.parts = new @Nullable ServerShard[shards];
        SchedulingGroup group = engine.groups().get(config.group());
        Sharded<ServerShard> sharded = engine.sharded(shard -> {
            ServerShard part = new ServerShard(engine, shard, name, group, services, counts.get(shard.id()));
            parts[shard.id()] = part;
            return part;
        });
        this.server = TcpServer.bind(engine, name, config, new Lanes(sharded));
        engine.onStop(this::close);
    }

    /**
     * Binds a server of a process that owns every key; when this returns, it accepts on all shards.
     *
     * @param name for the log, and the key below {@code solaster.servers} where it has one
     * @param config where it listens; with {@code shard-ports}, each shard has a port for the keys that it owns
     * @param services what is served
     * @throws io.solaster.engine.net.BindException if it cannot bind; nothing stays open then
     * @throws IllegalArgumentException if two methods have the same number on the wire, or a scheduling group is not there
     */
    public static RpcServer bind(Engine engine, String name, ServerConfig config, RpcLimits limits,
            RpcService... services) {
        byte[] node = new byte[NODE_BYTES];
        engine.environment().random().nextBytes(node);
        Ownership alone = Ownership.alone(new Ownership.Node(HexFormat.of().formatHex(node), "", 0));
        return new RpcServer(engine, name, config, limits, alone, List.of(services));
    }

    /**
     * As {@link #bind(Engine, String, ServerConfig, RpcLimits, RpcService...)}, of a process that shares the keys with others: calls about
     * those of another process are answered with its address.
     */
    public static RpcServer bind(Engine engine, String name, ServerConfig config, RpcLimits limits, Ownership ownership,
            RpcService... services) {
        return new RpcServer(engine, name, config, limits, ownership, List.of(services));
    }

    private static List<Hello.Method> methods(List<RpcService> services) {
        Map<Integer, RpcMethod<?, ?>> byHash = new HashMap<>();
        List<Hello.Method> methods = new ArrayList<>();
        for (RpcService service : services) {
            for (RpcService.Entry<?, ?> entry : service.entries()) {
                RpcMethod<?, ?> method = entry.method();
                RpcMethod<?, ?> before = byHash.putIfAbsent(method.hash(), method);
                if (before != null) {
                    throw new IllegalArgumentException("method '" + method + "' has the same number as '" + before
                            + "', which is served already; give it another name");
                }
                methods.add(new Hello.Method(method.hash(), method.kind().code(), method.fingerprint()));
            }
        }
        if (methods.size() > Hello.MOST_METHODS) {
            throw new IllegalArgumentException(methods.size() + " methods, over the " + Hello.MOST_METHODS
                    + " that one server may have; divide them among servers");
        }
        return List.copyOf(methods);
    }

    RpcLimits limits() {
        return limits;
    }

    String callsUsed() {
        return callsUsed;
    }

    ServerLog log() {
        return log;
    }

    Ownership ownership() {
        return ownership;
    }

    /** The shard that serves a slot; null where another process does. */
    @Nullable
    ServerShard owner(int slot) {
        return ownership.self().equals(ownership.owner(slot)) ? parts[Slots.shardOf(slot, shards)] : null;
    }

    /** Whether the map has changed since somebody was told of it. */
    boolean isNews(long toldEpoch) {
        return ownership.epoch() != toldEpoch;
    }

    /** What a client of a shard is told first, and when the map has changed. On that shard. */
    Hello hello(int shard) {
        Hello known = hellos[shard];
        long epoch = ownership.epoch();
        if (known == null || known.epoch() != epoch) {
            List<Integer> ports = firstShardPort == 0
                    ? List.of()
                    : IntStream.range(firstShardPort, firstShardPort + shards).boxed().toList();
            Hello.Window window = new Hello.Window(limits.window().messages(), (int) limits.window().bytes().bytes(),
                    (int) limits.window().streamBytes().bytes());
            known = new Hello(0, ownership.self().id(), shard, shards, epoch, (int) limits.maxMessage().bytes(),
                    limits.maxCalls(), window, ports, slots(), methods);
            hellos[shard] = known;
        }
        return known;
    }

    private List<Hello.SlotRun> slots() {
        List<Hello.SlotRun> runs = new ArrayList<>();
        int from = 0;
        int owner = -1;
        for (int slot = 0; slot <= Slots.COUNT; slot++) {
            int now = slot == Slots.COUNT || owner(slot) == null ? -1 : Slots.shardOf(slot, shards);
            if (now != owner) {
                if (owner >= 0) {
                    runs.add(new Hello.SlotRun(from, slot - 1, owner));
                }
                from = slot;
                owner = now;
            }
        }
        return List.copyOf(runs);
    }

    /** The port that it listens on. */
    public int port() {
        return server.port();
    }

    /** The port that a shard has for the keys that it owns; 0 where shards have none. */
    public int shardPort(int shard) {
        return server.shardPort(shard);
    }

    /** Connections that are open, over all shards. */
    public long connections() {
        return server.connections();
    }

    /** What was counted so far. */
    public RpcStats stats() {
        RpcStats sum = new RpcStats(0, 0, 0, 0, 0, 0, 0, 0);
        for (ServerCounts each : counts) {
            sum = sum.plus(each);
        }
        return sum;
    }

    /**
     * Stops accepting, says goodbye to every client, and closes each connection once the calls that it has begun have ended. Calls
     * that come later are not begun, and the client knows so.
     *
     * @param deadline after which connections that have not finished are closed
     * @return how many had to be closed
     */
    public int drain(Duration deadline) {
        return server.drain(deadline);
    }

    /** As {@link #drain}, within half a second. */
    @Override
    public void close() {
        server.close();
    }

    /** How a connection begins. */
    private final class Lanes implements ConnectionHandler {
        private final Sharded<ServerShard> parts;

        Lanes(Sharded<ServerShard> parts) {
            this.parts = parts;
        }

        @Override
        public void connected(Shard shard, Channel channel) {
            channel.pipeline().addLast(new ServerConnection(RpcServer.this, parts.on(shard)));
        }
    }
}
