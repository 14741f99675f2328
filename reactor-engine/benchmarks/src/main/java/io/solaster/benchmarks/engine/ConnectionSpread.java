package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.plan.Machine;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.TcpServer;

/**
 * How evenly shards come by the connections of one client host: by each distribution, and by a port for each shard with clients
 * that take the ports in turn. Then half of them leave by chance, and as many come. Arguments: connections, shards, rounds.
 */
final class ConnectionSpread {
    private static final String NONE = "reuseport (SO_REUSEPORT alone)";
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final int TRIES = 50;

    private ConnectionSpread() {}

    /** A way that connections come to shards. */
    private record Way(String name, Distribution distribution, boolean ports) {}

    static void main(String... args) throws Exception {
        int connections = args.length > 0 ? Integer.parseInt(args[0]) : 2_000;
        int shards = args.length > 1 ? Integer.parseInt(args[1]) : 8;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 5;
        List<Way> ways = List.of(new Way(NONE, Distribution.REUSEPORT, false),
                new Way("balanced", Distribution.BALANCED, false),
                new Way("least-connections", Distribution.LEAST_CONNECTIONS, false),
                new Way("shard-ports", Distribution.REUSEPORT, true));
        List<Transport> transports = new ArrayList<>();
        if (Epoll.isAvailable()) {
            transports.add(Transport.EPOLL);
        }
        if (IoUring.isAvailable()) {
            transports.add(Transport.IO_URING);
        }
        transports.add(Transport.NIO);
        MarkdownTable table = new MarkdownTable("transport", "distribution", "most / mean", "least / mean",
                "after half have changed: most / mean", "handed over");
        for (Transport transport : transports) {
            try (Engine engine = Engine.start(EngineConfig.defaults().withTransport(transport)
                    .withPinning(Pinning.NEVER).withShards(shards), machine(shards))) {
                for (Way way : ways) {
                    table.row(cells(transport, way, engine, connections, rounds));
                }
            }
        }
        System.out.println(table);
    }

    private static Machine machine(int cpus) {
        CpuSet all = CpuSet.of(IntStream.range(0, cpus).toArray());
        return new Machine(all, all, CpuSet.EMPTY,
                IntStream.range(0, cpus).mapToObj(cpu -> new Machine.Core(0, CpuSet.of(cpu), 1024)).toList(),
                List.of(all), List.of(new Machine.NumaNode(0, all, 1L << 30)), OptionalDouble.empty(),
                OptionalLong.empty(), 1024, Long.MAX_VALUE);
    }

    /** The medians of all rounds. */
    private static String[] cells(Transport transport, Way way, Engine engine, int connections, int rounds)
            throws IOException {
        double[] most = new double[rounds];
        double[] least = new double[rounds];
        double[] later = new double[rounds];
        double[] handed = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            List<SocketChannel> clients = new ArrayList<>();
            try (TcpServer server = bind(engine, way)) {
                connect(server, way, clients, connections);
                long[] spread = spread(engine, server);
                double mean = (double) connections / spread.length;
                most[round] = LongStream.of(spread).max().orElse(0) / mean;
                least[round] = LongStream.of(spread).min().orElse(0) / mean;
                SplittableRandom random = new SplittableRandom(round);
                for (int i = 0; i < connections / 2; i++) {
                    clients.remove(random.nextInt(clients.size())).close();
                }
                await(server, clients.size());
                connect(server, way, clients, connections - clients.size());
                later[round] = LongStream.of(spread(engine, server)).max().orElse(0) / mean;
                handed[round] = (double) server.handedOver() / server.accepted();
                for (SocketChannel client : clients) {
                    client.close();
                }
                await(server, 0);
            }
        }
        return new String[]{transport.name().toLowerCase(Locale.ROOT), way.name(), ratio(most), ratio(least),
                ratio(later),
                String.format(Locale.ROOT, "%.0f %%", 100 * median(handed))};
    }

    private static TcpServer bind(Engine engine, Way way) {
        SplittableRandom random = new SplittableRandom();
        for (int i = 0;; i++) {
            ServerConfig config = ServerConfig.of("quiet", 0).withBacklog(4096).withDistribution(way.distribution());
            try {
                return TcpServer.bind(engine, "quiet",
                        way.ports() ? config.withShardPorts(random.nextInt(10_000, 30_000)) : config,
                        (shard, channel) -> {});
            } catch (BindException taken) {
                if (i == TRIES) {
                    throw taken;
                }
            }
        }
    }

    private static void connect(TcpServer server, Way way, List<SocketChannel> clients, int count) throws IOException {
        int shards = Math.max(1, server.requests().size());
        for (int i = 0; i < count; i++) {
            int port = way.ports() ? server.shardPort(leastOf(server, shards)) : server.port();
            clients.add(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
            if (way.ports()) {
                // A client that picks a shard knows of what it has opened itself.
                await(server, clients.size());
            }
        }
        await(server, clients.size());
    }

    private static int leastOf(TcpServer server, int shards) {
        int least = 0;
        for (int shard = 1; shard < shards; shard++) {
            if (server.connections(shard) < server.connections(least)) {
                least = shard;
            }
        }
        return least;
    }

    private static void await(TcpServer server, int connections) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (server.connections() != connections) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException(server.connections() + " connections are there of " + connections);
            }
            LockSupport.parkNanos(50_000);
        }
    }

    private static long[] spread(Engine engine, TcpServer server) {
        return engine.shards().stream().mapToLong(shard -> server.connections(shard.id())).toArray();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** The median, and the worst. */
    private static String ratio(double[] values) {
        double worst = Arrays.stream(values).map(value -> Math.abs(value - 1)).max().orElse(0);
        return String.format(Locale.ROOT, "%.3f (%.3f at worst)", median(values),
                median(values) < 1 ? 1 - worst : 1 + worst);
    }
}
