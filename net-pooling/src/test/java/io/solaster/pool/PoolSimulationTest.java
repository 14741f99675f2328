package io.solaster.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.frame.FramedClient;
import io.solaster.pool.frame.FramedConnection;
import io.solaster.pool.frame.FramedProtocol;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.testkit.chaos.Chaos;
import io.solaster.testkit.sim.Link;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.NewSeeds;
import io.solaster.testkit.sim.Simulation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Callers on and off the shards send numbers through a pool to three servers, while networks are cut, lose and reset,
 * servers crash, are killed, stand still, refuse and are slow, and the pool is told of other members, other bounds, and to
 * replace all connections: in orders, and with a configuration, that a seed draws. It proves that
 * <ul>
 * <li>each call ends within its deadline: with the answer to its own request, or with a {@link PoolException};
 * <li>a request that may be acted upon once is never acted upon twice, and not at all where the failure says so;
 * <li>once all is healed, all calls are answered again, and the pool opens as many connections as it may;
 * <li>nothing is left: every request is counted as ended, no connection is out, no place under way is lost, and after the
 * drain neither side has a connection;
 * <li>the same seed gives the same run.
 * </ul>
 */
class PoolSimulationTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 6);
    private static final Duration TIME = Duration.ofSeconds(2);
    private static final Duration TIMEOUT = Duration.ofMillis(600);
    /** Deadlines are kept by a coarse timer, and an answer has to go back to who asked. */
    private static final Duration LATE = Duration.ofMillis(200);
    /** Longer than a breaker is open, an endpoint is ejected, or a client waits before it connects again. */
    private static final Duration RECOVERY = Duration.ofSeconds(20);
    private static final int RETRIES = 2;
    private static final int SHARDS = 2;
    private static final int SERVERS = 3;
    private static final int CALLERS = 4;
    /** At once by one shard. */
    private static final int MOST_REQUESTS = 12;
    private static final int PORT = 7000;
    private static final Logger LOG = (Logger) LoggerFactory.getLogger("io.solaster.pool");
    private static Level before;

    /** Answers that callers got, and failures by reason, of all seeds: the faults must have done something. */
    private final Map<String, Integer> outcomes = new HashMap<>();

    @BeforeAll
    static void warnOfNothing() {
        before = LOG.getLevel();
        LOG.setLevel(Level.ERROR);
    }

    @AfterAll
    static void warnAgain() {
        LOG.setLevel(before);
    }

    private void run(Simulation sim) {
        new Cluster(sim, outcomes).run();
    }

    @Test
    void everyCallEndsInTimeAndOnceAndNothingIsLeftAndTheSameInEachRun() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.Result result = Simulation.run(seed, this::run);
            assertThat(Simulation.run(seed, this::run)).isEqualTo(result);
        }
        assertThat(outcomes).as("what came of calls").containsKeys("answered", "cancelled", "TIMEOUT");
    }

    @Tag("full")
    @Test
    void newSeedsHoldToo() {
        assertThat(NewSeeds.explore("pool", 0.1, this::run).seeds()).isPositive();
    }

    private static <T> T oneOf(RandomGenerator random, T[] values) {
        return values[random.nextInt(values.length)];
    }

    /** So few connections, and requests on each, that callers wait for them. */
    private static PoolConfig config(RandomGenerator random) {
        ConnectionsConfig connections = Changed.with(
                ConnectionsConfig.defaults().withBounds(1 + random.nextInt(6), 1 + random.nextInt(3),
                        1 + random.nextInt(2)),
                "maxRequests", 1 + random.nextInt(3), "minIdle", random.nextInt(2), "connectTimeout",
                Duration.ofMillis(200), "acquireTimeout", Duration.ofMillis(400), "validateAfter",
                Duration.ofMillis(random.nextBoolean() ? 100 : 5_000));
        RequestsConfig requests = Changed.with(RequestsConfig.defaults(), "timeout", TIMEOUT, "tryTimeout",
                Duration.ofMillis(random.nextBoolean() ? 150 : 0), "retries", RETRIES, "hedgeAfter",
                Duration.ofMillis(random.nextBoolean() ? 50 : 0), "maxBackoff", Duration.ofMillis(200),
                "maxRequests", MOST_REQUESTS);
        PoolHealthConfig health = Changed.with(PoolHealthConfig.defaults(), "outliers",
                OutlierConfig.of(5, Duration.ofMillis(100), Duration.ofMillis(500)), "breaker",
                Changed.with(BreakerConfig.defaults(), "enabled", random.nextBoolean(), "minRequests", 5, "window",
                        Duration.ofSeconds(1), "openFor", Duration.ofMillis(200)));
        return Changed.with(PoolConfig.of(PoolConfig.Protocol.TCP)
                .withBalancing(BalancingConfig.of(oneOf(random, BalancingConfig.Algorithm.values())))
                .withConnections(connections), "requests", requests, "health", health);
    }

    /** One run. Everything in it is of whoever's turn it is. */
    private static final class Cluster implements Discovery {
        private final Simulation sim;
        private final Map<String, Integer> outcomes;
        private final PoolConfig config;
        /** Whether answers come in the order of their requests; else in any. */
        private final boolean inOrder;
        private final Machine client;
        private final List<Server> servers = new ArrayList<>();
        private final Set<Server> absent = new HashSet<>();
        /** How often each number was acted upon, by whatever server. */
        private final Map<Long, Integer> executed = new HashMap<>();
        private final Engine engine;
        private final ConnectionPool<FramedConnection> pool;
        private final FramedClient framed;
        private final Upstream upstream;
        private Listener members;
        private long asked;

        Cluster(Simulation sim, Map<String, Integer> outcomes) {
            this.sim = sim;
            this.outcomes = outcomes;
            config = config(sim.random());
            inOrder = sim.random().nextBoolean();
            client = sim.machine("client");
            engine = client.start(EngineConfig.defaults().withShards(SHARDS));
            for (int i = 0; i < SERVERS; i++) {
                Server server = new Server(this, sim.machine("server" + i));
                server.start();
                servers.add(server);
            }
            FramedProtocol protocol = inOrder
                    ? FramedProtocol.defaults()
                    : FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex()));
            sim.note(config.toString() + inOrder);
            upstream = Upstreams.start(engine, "test", config, this);
            pool = ConnectionPools.start(engine, "test", config, protocol, upstream,
                    Connectors.of(engine, config, Rig::resolve, null));
            framed = FramedClient.over(engine, pool, protocol);
        }

        @Override
        public String name() {
            return "simulated";
        }

        @Override
        public void start(Listener listener) {
            members = listener;
            tellMembers();
        }

        @Override
        public void close() {}

        private void tellMembers() {
            members.found(servers.stream().filter(each -> !absent.contains(each)).map(Server::endpoint).toList());
        }

        void run() {
            sim.faults(TIME, this::faults);
            List<CompletableFuture<Integer>> callers = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                callers.add(sim.thread("caller" + i, this::callUntilTheEnd));
            }
            callers.forEach(caller -> assertThat(sim.await(caller)).isPositive());
            recovers();
            opensWhatItMay();
            endsWithNothingLeft();
        }

        private Chaos faults(Chaos chaos) {
            ConnectionsConfig fewer = config.connections().withBounds(1, 1, 1);
            chaos.fault("renew", pool::renew, () -> {})
                    .fault("fewer connections", () -> pool.reconfigure(config.withConnections(fewer)),
                            () -> pool.reconfigure(config));
            for (Server server : servers) {
                Machine machine = server.machine;
                for (Link link : List.of(sim.network().link(client, machine), sim.network().link(machine, client))) {
                    chaos.fault("cut " + link, link::cut, link::heal).fault("loss " + link, () -> link.loss(0.3),
                            () -> link.loss(0));
                }
                chaos.fault("reset " + machine, () -> sim.network().reset(client, machine), () -> {})
                        .fault("crash " + machine, () -> server.end(machine::crash), server::startAgain)
                        .fault("kill " + machine, () -> server.end(machine::kill), server::startAgain)
                        .fault("refuse " + machine, () -> machine.refuse(true), () -> machine.refuse(false))
                        .fault("freeze " + machine, () -> server.ifUp(machine::freeze), machine::thaw)
                        .fault("slow " + machine, () -> server.slowest = 300, () -> server.slowest = 1)
                        .fault("leave " + machine, () -> {
                            absent.add(server);
                            tellMembers();
                        }, () -> {
                            absent.remove(server);
                            tellMembers();
                        })
                        .fault("drain " + machine, () -> upstream.drain(server.endpoint().address()),
                                () -> upstream.readmit(server.endpoint().address()));
            }
            return chaos;
        }

        /** Several calls at a time, some of which nobody waits for in the end. */
        private int callUntilTheEnd() {
            RandomGenerator random = client.environment().random();
            int calls = 0;
            while (sim.now().compareTo(TIME) < 0) {
                List<Call> burst = new ArrayList<>();
                for (int i = random.nextInt(1, 6); i > 0; i--) {
                    burst.add(new Call(this, random.nextInt(SHARDS + 1), random.nextBoolean()));
                }
                if (random.nextInt(8) == 0) {
                    sim.sleep(Duration.ofNanos(random.nextInt(3_000_000)));
                    burst.getFirst().answer.cancel(false);
                }
                for (Call call : burst) {
                    count(call.end());
                    calls++;
                }
                sim.sleep(Duration.ofNanos(random.nextInt(20_000_000)));
            }
            return calls;
        }

        private void count(String outcome) {
            outcomes.merge(outcome, 1, Integer::sum);
        }

        /** As many calls at once as there may be: if a place were lost, one would be refused. */
        private List<String> burst(boolean idempotent) {
            List<Call> calls = new ArrayList<>();
            for (int i = 0; i < MOST_REQUESTS * SHARDS; i++) {
                calls.add(new Call(this, i % SHARDS, idempotent));
            }
            return calls.stream().map(Call::end).toList();
        }

        private void recovers() {
            sim.until(() -> servers.stream().allMatch(each -> each.up), RECOVERY);
            sim.sleep(RECOVERY);
            // What was lost again and again is sent again in minutes; TCP's user timeout, which is not simulated, ends it sooner.
            servers.forEach(each -> sim.network().reset(client, each.machine));
            // What was lost without a word is found out by being used, where another try may hide it.
            sim.until(() -> {
                long late = lateTries();
                return burst(true).stream().allMatch("answered"::equals) && lateTries() == late;
            }, RECOVERY);
            for (int i = 0; i < 3; i++) {
                assertThat(burst(false)).containsOnly("answered");
            }
        }

        private long lateTries() {
            return framed.stats().stream().mapToLong(stats -> stats.retriesTimeout.get()).sum();
        }

        private void opensWhatItMay() {
            ConnectionsConfig bounds = config.connections();
            int most = Math.min(bounds.max(),
                    SHARDS * Math.min(bounds.maxPerShard(), SERVERS * bounds.maxPerEndpoint()));
            servers.forEach(each -> each.slowest = 50);
            CompletableFuture<Integer> busy = sim.thread("busy", () -> {
                int calls = 0;
                while (sum(stats -> stats.open.get()) < most) {
                    calls += burst(true).size();
                }
                return calls;
            });
            assertThat(sim.await(busy, RECOVERY)).isNotNegative();
        }

        private void endsWithNothingLeft() {
            for (PoolStats stats : pool.stats()) {
                sim.until(() -> stats.active.get() == 0 && stats.pending.get() == 0 && stats.connecting.get() == 0,
                        TIMEOUT);
            }
            for (RequestStats stats : framed.stats()) {
                assertThat(stats.requests.get()).isEqualTo(
                        stats.latency.snapshot().count() + stats.failures.get() + stats.cancelled.get());
            }
            UpstreamStatus status = sim.await(upstream.status());
            assertThat(status.endpoints()).hasSize(SERVERS).allMatch(each -> each.inFlight() == 0, "none in flight");
            executed.forEach((number, times) -> assertThat(times).as("times that %s was acted upon", number)
                    .isLessThanOrEqualTo(number % 2 == 1 ? 1 : 2 * (1 + RETRIES)));
            assertThat(sim.await(pool.drain(Duration.ofSeconds(1)))).isTrue();
            sim.until(() -> sum(stats -> stats.open.get()) == 0
                    && servers.stream().allMatch(each -> each.connections == 0), RECOVERY);
            upstream.close();
        }

        private long sum(ToLongFunction<PoolStats> of) {
            return pool.stats().stream().mapToLong(of).sum();
        }
    }

    /** A number that is sent, for the same one in answer; it is odd if it may be acted upon once. */
    private static final class Call {
        private final Cluster cluster;
        private final boolean idempotent;
        private final long number;
        private final Duration began;
        private final CompletableFuture<byte[]> answer;
        private Duration ended;

        /** @param shard that asks; the one beyond the last stands for a thread that is no shard */
        Call(Cluster cluster, int shard, boolean idempotent) {
            this.cluster = cluster;
            this.idempotent = idempotent;
            this.number = 2 * cluster.asked++ + (idempotent ? 0 : 1);
            this.began = cluster.sim.now();
            byte[] frame = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
            answer = shard == SHARDS
                    ? cluster.framed.call(number + 1, frame, idempotent)
                    : cluster.engine.submitStageTo(shard, CallOptions.DEFAULTS,
                            () -> cluster.framed.call(number + 1, frame, idempotent));
            answer.whenComplete((bytes, failure) -> ended = cluster.sim.now());
        }

        /** Waits for what comes of it, which is its own answer or a failure with a name, in time. */
        String end() {
            String outcome;
            try {
                byte[] bytes = cluster.sim.await(answer);
                assertThat(ByteBuffer.wrap(bytes).getLong()).isEqualTo(number);
                assertThat(executed()).isPositive();
                outcome = "answered";
            } catch (CancellationException given) {
                outcome = "cancelled";
            } catch (CompletionException failed) {
                assertThat(failed).hasCauseInstanceOf(PoolException.class);
                PoolException.Reason reason = ((PoolException) failed.getCause()).reason();
                if (reason.isUnsent() && !idempotent) {
                    assertThat(executed()).as("times that %s was acted upon, which failed: %s", number, reason)
                            .isZero();
                }
                outcome = reason.toString();
            }
            assertThat(ended.minus(began)).as(outcome).isLessThanOrEqualTo(TIMEOUT.plus(LATE));
            cluster.sim.note(number + " " + outcome);
            return outcome;
        }

        private int executed() {
            return cluster.executed.getOrDefault(number, 0);
        }
    }

    /** Answers each frame with itself. */
    private static final class Server {
        private final Cluster cluster;
        private final Machine machine;
        private boolean up;
        private boolean starting;
        private int connections;
        /** The most milliseconds that an answer takes. */
        private int slowest = 1;

        Server(Cluster cluster, Machine machine) {
            this.cluster = cluster;
            this.machine = machine;
        }

        Endpoint endpoint() {
            return Endpoint.of(machine.address(PORT).getAddress().getHostAddress(), PORT);
        }

        void start() {
            connections = 0;
            TcpServer.bind(machine.start(EngineConfig.defaults().withShards(1)), "echo",
                    ServerConfig.of("echo", PORT).withHost("0.0.0.0").withProtectedMode(false),
                    (shard, channel) -> channel.pipeline().addLast(
                            new LengthFieldBasedFrameDecoder(1024, 0, Integer.BYTES, 0, 0), new Echo(this)));
            up = true;
        }

        void ifUp(Runnable fault) {
            if (up) {
                fault.run();
            }
        }

        void end(Runnable fault) {
            ifUp(() -> {
                up = false;
                fault.run();
                connections = 0;
            });
        }

        void startAgain() {
            if (!up && !starting) {
                starting = true;
                cluster.sim.thread("start " + machine, () -> {
                    start();
                    starting = false;
                    return null;
                }).whenComplete((done, failure) -> {
                    if (failure != null) {
                        cluster.sim.fail(failure);
                    }
                });
            }
        }
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final Server server;
        private final ArrayDeque<ByteBuf> next = new ArrayDeque<>();

        Echo(Server server) {
            this.server = server;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            server.connections++;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf frame = (ByteBuf) message;
            server.cluster.executed.merge(frame.getLong(Integer.BYTES), 1, Integer::sum);
            int delay = server.machine.environment().random().nextInt(server.slowest + 1);
            next.add(frame);
            context.executor().schedule(() -> {
                ByteBuf answer = server.cluster.inOrder
                        ? next.poll()
                        : next.removeIf(each -> each == frame) ? frame : null;
                if (answer != null) {
                    context.writeAndFlush(answer);
                }
            }, delay, TimeUnit.MILLISECONDS);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            server.connections--;
            next.forEach(ByteBuf::release);
            next.clear();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == TcpServer.DRAIN) {
                context.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            context.close();
        }
    }
}
