package io.solaster.rpc.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.netty.channel.Channel;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.rpc.RpcLimits;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcService;
import io.solaster.rpc.frame.Hello;

/**
 * Serves calls over lanes, on every shard of an engine. A call is served on the shard that owns its connection. Any thread may call,
 * but no shard. It ends with its engine, or by {@link #close}.
 */
public final class RpcServer implements AutoCloseable {
    private static final int NODE_BYTES = 20;

    private final RpcLimits limits;
    private final String callsUsed;
    private final List<ServerCounts> counts;
    private final ServerLog log = new ServerLog();
    private final List<Hello> hellos = new ArrayList<>();
    private final TcpServer server;

    private RpcServer(Engine engine, String name, ServerConfig config, RpcLimits limits, List<RpcService> services) {
        this.limits = limits;
        this.callsUsed = "the connection has its " + limits.maxCalls() + " calls under way";
        this.counts = Stream.generate(ServerCounts::new).limit(engine.shards().size()).toList();
        List<Hello.Method> methods = methods(services);
        SchedulingGroup group = engine.groups().get(config.group());
        byte[] node = new byte[NODE_BYTES];
        engine.environment().random().nextBytes(node);
        int shards = engine.shards().size();
        Hello.Window window = new Hello.Window(limits.window().messages(), (int) limits.window().bytes().bytes(),
                (int) limits.window().streamBytes().bytes());
        for (int shard = 0; shard < shards; shard++) {
            hellos.add(new Hello(0, HexFormat.of().formatHex(node), shard, shards, 0, (int) limits.maxMessage().bytes(),
                    limits.maxCalls(), window, List.of(), List.of(), methods));
        }
        Sharded<ServerShard> parts = engine.sharded(
                shard -> new ServerShard(engine, shard, name, group, services, counts.get(shard.id())));
        this.server = TcpServer.bind(engine, name, config, new Lanes(parts));
        engine.onStop(this::close);
    }

    /**
     * Binds a server; when this returns, it accepts on all shards.
     *
     * @param name for the log, and the key below {@code solaster.servers} where it has one
     * @param services what is served
     * @throws io.solaster.engine.net.BindException if it cannot bind; nothing stays open then
     * @throws IllegalArgumentException if two methods have the same number on the wire, or a scheduling group is not there
     */
    public static RpcServer bind(Engine engine, String name, ServerConfig config, RpcLimits limits,
            RpcService... services) {
        return new RpcServer(engine, name, config, limits, List.of(services));
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

    /** What a client of a shard is told first. */
    Hello hello(int shard) {
        return hellos.get(shard);
    }

    /** The port that it listens on. */
    public int port() {
        return server.port();
    }

    /** Connections that are open, over all shards. */
    public long connections() {
        return server.connections();
    }

    /** What was counted so far. */
    public RpcStats stats() {
        RpcStats sum = new RpcStats(0, 0, 0, 0, 0, 0);
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
