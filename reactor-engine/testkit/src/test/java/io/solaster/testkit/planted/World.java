package io.solaster.testkit.planted;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;

/**
 * Nodes of a simulation: shards, of one machine or of several. Between machines they send each other messages over TCP,
 * within one over the mesh.
 */
final class World {
    private static final int PORT = 7000;
    /** Nothing that is planted goes on for longer. */
    private static final Duration REST = Duration.ofSeconds(2);

    /** A shard; what it was given before its machine crashed never happens. */
    static final class Node {
        private final String name;
        private final Machine machine;
        private final Engine engine;
        private final Shard shard;
        private final Map<Node, Connection> connections = new HashMap<>();

        private Node(String name, Machine machine, Shard shard) {
            this.name = name;
            this.machine = machine;
            this.engine = machine.engine();
            this.shard = shard;
        }

        Engine engine() {
            return engine;
        }

        Shard shard() {
            return shard;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Messages are numbers of what is to happen; those that are sent before it is open wait. */
    private static final class Connection {
        private final Queue<Integer> waiting = new ArrayDeque<>();
        private Channel channel;
        private boolean isOpen;

        void write(int message) {
            if (isOpen) {
                channel.writeAndFlush(channel.alloc().buffer(Integer.BYTES).writeInt(message));
            } else {
                waiting.add(message);
            }
        }
    }

    private final Draw draw;
    private final Simulation sim;
    private final List<Runnable> messages = new ArrayList<>();
    private long moment;

    private World(Draw draw, Simulation sim) {
        this.draw = draw;
        this.sim = sim;
    }

    static void run(Draw draw, Consumer<World> service) {
        Simulation.run(draw.nextLong(), sim -> service.accept(new World(draw, sim)));
    }

    Draw draw() {
        return draw;
    }

    /** A machine of its own. */
    Node node(String name) {
        Node node = shards(name).getFirst();
        TcpServer.bind(node.engine, "messages", ServerConfig.of("messages", PORT).withHost("0.0.0.0"),
                (shard, channel) -> channel.pipeline().addLast(new Messages()));
        return node;
    }

    /** Shards of one machine. */
    List<Node> shards(String... names) {
        Machine machine = sim.machine(names[0]);
        Engine engine = machine.start(EngineConfig.defaults().withShards(names.length));
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < names.length; i++) {
            nodes.add(new Node(names[i], machine, engine.shard(i)));
        }
        return nodes;
    }

    static Duration micros(long micros) {
        return Duration.ofNanos(1_000 * micros);
    }

    /** In nanoseconds. */
    long now() {
        return sim.now().toNanos();
    }

    /** A clock for histories: it tells any two moments apart. */
    long moment() {
        return ++moment;
    }

    void soon(Node node, Runnable task) {
        node.shard.execute(() -> guarded(task));
    }

    void after(Node node, Duration delay, Runnable task) {
        soon(node, () -> node.shard.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            sim.fail(e);
        }
    }

    /** Here another shard may go on, as it may anywhere on a real machine. On the node. */
    void mayBeInterrupted(Node node) {
        node.shard.environment().sometimes("planted");
    }

    /** The node is busy for so long. On it. */
    void spend(Node node, Duration time) {
        long end = node.shard.environment().clock().nanoTime() + time.toNanos();
        while (node.shard.environment().clock().nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    /** On the sender, whose messages to another keep their order. */
    void send(Node from, Node to, Runnable received) {
        if (from.engine == to.engine) {
            soon(to, received);
            return;
        }
        messages.add(received);
        from.connections.computeIfAbsent(to, _ -> connect(from, to)).write(messages.size() - 1);
    }

    private static Connection connect(Node from, Node to) {
        Connection connection = new Connection();
        Channel channel = from.engine.transport().clientChannels().get();
        connection.channel = channel;
        from.shard.register(channel).addListener(_ -> channel.connect(to.machine.address(PORT))
                .addListener((ChannelFutureListener) done -> {
                    connection.isOpen = done.isSuccess();
                    if (connection.isOpen) {
                        connection.waiting.forEach(connection::write);
                    }
                }));
        return connection;
    }

    private final class Messages extends ChannelInboundHandlerAdapter {
        private ByteBuf begun;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            begun = begun == null ? context.alloc().buffer() : begun;
            begun.writeBytes(bytes);
            bytes.release();
            while (begun.readableBytes() >= Integer.BYTES) {
                guarded(messages.get(begun.readInt()));
            }
            begun.discardReadBytes();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (begun != null) {
                begun.release();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            context.close();
        }
    }

    void cut(Node one, Node other) {
        sim.network().partition(one.machine, other.machine);
    }

    void heal() {
        sim.network().heal();
    }

    /** Not on the node itself. */
    void crash(Node node) {
        node.machine.crash();
    }

    /** Goes on until nobody has anything to do any more. */
    void run() {
        sim.sleep(REST);
    }
}
