package io.solaster.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.load.Load;
import io.solaster.load.LoadReport;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Upstream;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.frame.FramedClient;
import io.solaster.pool.frame.FramedConnection;
import io.solaster.pool.frame.FramedProtocol;
import io.solaster.pool.upstream.Upstreams;

/**
 * What the slow one of ten endpoints does to latency, by algorithm: real connections over the loopback to ten servers of
 * which each serves one request after the other, 5 ms each, the slow one 50 ms. Requests come at random moments (an open
 * loop, Poisson) at half of what all ten together can serve, and a latency counts from the moment at which a request was
 * due; what the generator itself was late by stands beside it. The healthy set is the nine others, at the same rate. Rounds are interleaved, and medians shown; what the goal is
 * about, the p99 beside the healthy set's, is the median of the rounds' ratios. A stall of this process shows in all of
 * them and is told. {@code pool.sh --only latency [seconds of a run [rounds [all]]]}. Not among the pools' own tests, which
 * would have to wait for the load generator's.
 */
public final class BalanceLatency {
    private static final int SERVERS = 10;
    private static final long SERVICE = TimeUnit.MILLISECONDS.toNanos(5);
    private static final int SLOWER = 10;
    private static final double RATE = 0.5 * ((SERVERS - 1) + 1.0 / SLOWER) / SERVICE;
    private static final Duration WARM_UP = Duration.ofSeconds(1);
    /** What waits for the slow one longer than this has failed. */
    private static final Duration LONGEST = Duration.ofMinutes(1);
    /** Those that the goal is about, and all. */
    private static final List<Algorithm> BRIEFLY = List.of(Algorithm.PEAK_EWMA, Algorithm.ROUND_ROBIN);
    private static final List<Algorithm> ALL = List.of(Algorithm.PEAK_EWMA, Algorithm.LEAST_CONNECTIONS,
            Algorithm.POWER_OF_TWO, Algorithm.ROUND_ROBIN);
    private static final double GOAL = 2;
    private static final byte[] FRAME = new byte[32];

    private BalanceLatency() {}

    public static void main(String[] args) {
        Duration measured = Duration.ofSeconds(args.length > 0 ? Long.parseLong(args[0]) : 3);
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        List<Algorithm> algorithms = args.length > 2 ? ALL : BRIEFLY;
        Map<Algorithm, List<Result>> healthy = new EnumMap<>(Algorithm.class);
        Map<Algorithm, List<Result>> oneSlow = new EnumMap<>(Algorithm.class);
        EngineConfig one = EngineConfig.defaults().withPinning(Pinning.NEVER).withShards(1);
        try (Engine servers = Engine.start(one); Engine clients = Engine.start(one)) {
            // Classes are loaded by somebody whom nobody times.
            measure(servers, clients, Algorithm.PEAK_EWMA, false, WARM_UP);
            long stalls = stalls(servers) + stalls(clients);
            for (int round = 0; round < rounds; round++) {
                for (Algorithm algorithm : algorithms) {
                    healthy.computeIfAbsent(algorithm, each -> new ArrayList<>())
                            .add(measure(servers, clients, algorithm, false, measured));
                    oneSlow.computeIfAbsent(algorithm, each -> new ArrayList<>())
                            .add(measure(servers, clients, algorithm, true, measured));
                }
            }
            System.out.printf(Locale.ROOT, "%.0f requests a second; milliseconds, medians of %d rounds; %d stalls of"
                    + " this process's shards%n", RATE * TimeUnit.SECONDS.toNanos(1), rounds,
                    stalls(servers) + stalls(clients) - stalls);
        }
        System.out.printf("%-36s %8s %8s %8s %8s  %s%n", "", "p50", "p90", "p99", "late p99", "of the slow one");
        for (Algorithm algorithm : algorithms) {
            tell(name(algorithm) + ", the healthy nine", healthy.get(algorithm));
            tell(name(algorithm) + ", one slow", oneSlow.get(algorithm));
        }
        for (Algorithm algorithm : algorithms) {
            double[] ratios = IntStream.range(0, rounds)
                    .mapToDouble(round -> (double) oneSlow.get(algorithm).get(round).at(99)
                            / healthy.get(algorithm).get(round).at(99))
                    .sorted().toArray();
            System.out.printf(Locale.ROOT, "%s: p99 with one slow is %.2f of the healthy set's (rounds from %.2f to"
                    + " %.2f)%s%n", name(algorithm), ratios[rounds / 2], ratios[0], ratios[rounds - 1],
                    algorithm != Algorithm.PEAK_EWMA
                            ? ""
                            : "; goal " + GOAL + (ratios[rounds / 2] <= GOAL ? ": met" : ": missed"));
        }
    }

    private static void tell(String label, List<Result> all) {
        System.out.printf(Locale.ROOT, "%-36s %8.2f %8.2f %8.2f %8.2f  %.1f %%%s%n", label,
                median(all, each -> each.at(50) / 1e6), median(all, each -> each.at(90) / 1e6),
                median(all, each -> each.at(99) / 1e6), median(all, each -> each.lateness() / 1e6),
                median(all, Result::slow),
                all.stream().allMatch(each -> each.report().failed() == 0) ? "" : "  with failures");
    }

    private static long stalls(Engine engine) {
        return engine.shards().stream().mapToLong(shard -> shard.stats().stalls.get()).sum();
    }

    private static double median(List<Result> results, ToDoubleFunction<Result> what) {
        return results.stream().mapToDouble(what).sorted().toArray()[results.size() / 2];
    }

    private static String name(Algorithm algorithm) {
        return algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * @param slow percent of the requests that the slow server answered
     */
    private record Result(LoadReport report, double slow) {
        /** Nanoseconds; what failed took for ever. */
        long at(double percentile) {
            return report.nanosAt(percentile);
        }

        /** Of the generator itself, in nanoseconds at p99. */
        long lateness() {
            return report.lateness().getValueAtPercentile(99);
        }
    }

    private static Result measure(Engine servers, Engine engine, Algorithm algorithm, boolean withSlow,
            Duration measured) {
        List<TcpServer> all = new ArrayList<>();
        for (int i = withSlow ? 0 : 1; i < SERVERS; i++) {
            all.add(TcpServer.bind(servers, "server-" + i, ServerConfig.of("frames", 0),
                    new Queue(i == 0 ? SLOWER * SERVICE : SERVICE)));
        }
        List<Endpoint> endpoints = all.stream().map(server -> Endpoint.of("127.0.0.1", server.port())).toList();
        // Balancing alone: nobody is left out, and nothing is tried twice.
        PoolConfig config = Changed.with(
                PoolConfig.of(PoolConfig.Protocol.TCP).withBalancing(BalancingConfig.of(algorithm)),
                "health", Changed.with(PoolHealthConfig.defaults(), "breaker", BreakerConfig.none()),
                "requests",
                Changed.with(RequestsConfig.defaults(), "timeout", Duration.ZERO, "tryTimeout", Duration.ZERO));
        Upstream upstream = Upstreams.start(engine, name(algorithm), config, Discovery.of(endpoints));
        FramedProtocol protocol = FramedProtocol.defaults();
        ConnectionPool<FramedConnection> pool = ConnectionPools.start(engine, name(algorithm), config, protocol,
                upstream,
                Connectors.of(engine, config, host -> {
                    var found = Shard.current().<List<InetAddress>>newFuture();
                    found.complete(List.of(InetAddress.getLoopbackAddress()));
                    return found;
                }, null));
        FramedClient client = FramedClient.over(engine, pool, protocol);
        int slowPort = withSlow ? all.getFirst().port() : 0;
        LongAdder slow = new LongAdder();
        long from = System.nanoTime() + WARM_UP.toNanos();
        LoadReport report;
        try {
            report = Load.of(_ -> {
                boolean counts = System.nanoTime() - from >= 0;
                return client.call(FRAME).thenAccept(answer -> {
                    if (counts && port(answer) == slowPort) {
                        slow.increment();
                    }
                });
            }).on(engine).poisson(RATE * TimeUnit.SECONDS.toNanos(1)).warmUp(WARM_UP).lasting(measured)
                    .timeout(LONGEST).run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        pool.close();
        upstream.close();
        all.forEach(TcpServer::close);
        return new Result(report, 100.0 * slow.sum() / Math.max(1, report.answered()));
    }

    private static int port(byte[] answer) {
        return (answer[0] & 0xFF) << 8 | answer[1] & 0xFF;
    }

    /** A server that serves one request after the other, whoever it comes from. On one shard. */
    private static final class Queue implements ConnectionHandler {
        private final long service;
        private long freeAt;

        Queue(long service) {
            this.service = service;
        }

        @Override
        public void connected(Shard shard, Channel channel) {
            int port = ((InetSocketAddress) channel.localAddress()).getPort();
            channel.pipeline().addLast(new LengthFieldBasedFrameDecoder(1 << 20, 0, 4),
                    new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext context, Object frame) {
                            long now = System.nanoTime();
                            freeAt = Math.max(now, freeAt) + service;
                            ByteBuf answer = (ByteBuf) frame;
                            answer.setShort(4, port);
                            shard.schedule(() -> context.writeAndFlush(answer), freeAt - now, TimeUnit.NANOSECONDS);
                        }

                        @Override
                        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                            context.close();
                        }
                    });
        }
    }
}
