package io.solaster.pool.resp;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.OutlierConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.Target;
import io.solaster.pool.TestEngines;
import io.solaster.pool.Upstream;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.testkit.peer.RedisServer;
import redis.clients.jedis.Jedis;

/**
 * One of three endpoints is killed, and comes back, under 20,000 GETs a second at an even pace, whoever answers (an open
 * loop): once with retries and once without. Endpoints are redis-servers, or processes of our own where there is none.
 * Tells errors, who answered in steps of 100 ms, and when traffic was even again. An endpoint that has come back is asked
 * again when its ejection and the circuit breakers' time are over: half a second here, in place of 30 s and 5 s. It is
 * power-of-two by default, since peak-ewma means to be uneven where latencies are.
 * {@code pool.sh --only kill [algorithm]}.
 */
final class KillOne {
    private static final int RATE = 20_000;
    private static final int NODES = 3;
    private static final int VICTIM = 1;
    private static final long STEP = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PER_STEP = RATE / 10;
    /** At a rate that grows to the full one: a young JVM could not keep up with it. */
    private static final Duration WARM_UP = Duration.ofSeconds(4);
    private static final int STEPS_BEFORE = 10;
    private static final int STEPS_DOWN = 20;
    private static final int STEPS_AFTER = 50;
    private static final int SHOWN_BEFORE = 2;
    private static final int SHOWN_AFTER = 6;
    /** So many steps in a row must be even. */
    private static final int IN_A_ROW = 5;
    /** How far from its fair part of a step's answers an endpoint's may be. */
    private static final double TOLERANCE = 0.25;
    private static final Duration OUT_FOR = Duration.ofMillis(500);
    private static final byte[] WHO = {'w', 'h', 'o'};

    private KillOne() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("server")) {
            serve(Integer.parseInt(arguments[1]), arguments[2]);
            return;
        }
        Algorithm algorithm = arguments.length > 0
                ? Algorithm.valueOf(arguments[0].toUpperCase(Locale.ROOT).replace('-', '_'))
                : Algorithm.POWER_OF_TWO;
        List<Node> nodes = new ArrayList<>();
        try {
            for (int i = 0; i < NODES; i++) {
                nodes.add(new Node(i));
            }
            System.out.printf("%d GETs a second over %d %s, %s; one of them is killed%n", RATE, NODES,
                    RedisServer.isInstalled() ? "redis-servers" : "servers of our own",
                    algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-'));
            run(nodes, algorithm, true);
            run(nodes, algorithm, false);
        } finally {
            for (Node node : nodes) {
                node.close();
            }
        }
    }

    private static void run(List<Node> nodes, Algorithm algorithm, boolean retries) throws Exception {
        PoolConfig config = Changed
                .with(PoolConfig.of(PoolConfig.Protocol.RESP).withBalancing(BalancingConfig.of(algorithm)), "health",
                        Changed.with(PoolHealthConfig.defaults(), "outliers",
                                new OutlierConfig(5, Duration.ofSeconds(1), 100, 5, 1.9, 0, OUT_FOR, OUT_FOR,
                                        10),
                                "breaker", new BreakerConfig(true, 50, 20, Duration.ofSeconds(10), OUT_FOR, 3)));
        if (!retries) {
            config = Changed.with(config, "requests",
                    Changed.with(config.requests(), "retries", 0, "backoff", config.requests().backoff()));
        }
        try (Engine engine = Engine.start(EngineConfig.defaults().withPinning(Pinning.NEVER).withShards(1));
                Upstream upstream = Upstreams.start(engine, "three", config,
                        Discovery.of(nodes.stream().map(node -> Endpoint.of("127.0.0.1", node.port)).toList()));
                ConnectionPool<RespConnection> pool = ConnectionPools.start(engine, "three", config,
                        RespProtocol.shared(config), upstream, Connectors.of(engine, config, host -> {
                            var found = Shard.current().<List<InetAddress>>newFuture();
                            found.complete(List.of(InetAddress.getLoopbackAddress()));
                            return found;
                        }, null))) {
            RespClient client = RespClient.over(engine, pool);
            Load load = new Load(client, upstream, nodes.get(VICTIM).port);
            TestEngines.on(engine, 0, load::start);
            LockSupport.parkNanos(WARM_UP.toNanos());
            TestEngines.on(engine, 0, () -> load.count(client.stats().getFirst().retries()));
            load.sleepTo(STEPS_BEFORE);
            int killed = load.step();
            nodes.get(VICTIM).kill();
            load.sleepTo(killed + STEPS_DOWN);
            nodes.get(VICTIM).start();
            int back = load.step();
            // What wants to be shown of the last steps must be there, too.
            while (load.step() < Math.min(Load.STEPS - 1, back + STEPS_AFTER)
                    && load.evenSince(back, true) + IN_A_ROW >= load.step()) {
                LockSupport.parkNanos(STEP);
            }
            TestEngines.on(engine, 0, load::stop);
            load.tell(retries, killed, back, client.stats().getFirst());
        }
    }

    /** Sends what is due, on one shard. What it counts is read by others once they are told of a later turn. */
    private static final class Load {
        static final int STEPS = 200;
        private final RespClient client;
        private final Upstream upstream;
        private final int victimsPort;
        private final int[][] answered = new int[STEPS][NODES];
        private final int[] failed = new int[STEPS];
        private final Map<Reason, Integer> reasons = new EnumMap<>(Reason.class);
        private final byte[] key = WHO;
        private Target victim;
        private Timer beat;
        private long began;
        private long due;
        private volatile long origin = Long.MAX_VALUE;
        private long retriesBefore;
        private int inFlight;
        private int inFlightWhenLost = -1;
        private long longest;
        private int errors;

        Load(RespClient client, Upstream upstream, int victimsPort) {
            this.client = client;
            this.upstream = upstream;
            this.victimsPort = victimsPort;
        }

        boolean start() {
            began = System.nanoTime();
            due = began;
            victim = upstream.local().targets().stream().filter(each -> each.endpoint().port() == victimsPort)
                    .findFirst().orElseThrow();
            beat = Shard.current().timers().timer(this::sendWhatIsDue);
            beat.armAtFixedRate(Duration.ZERO, Duration.ofMillis(1));
            return true;
        }

        boolean count(long retriesBefore) {
            this.retriesBefore = retriesBefore;
            origin = System.nanoTime();
            return true;
        }

        boolean stop() {
            return beat.cancel();
        }

        private void sendWhatIsDue() {
            long now = System.nanoTime();
            while (due - now <= 0) {
                long wasDue = due;
                double warm = Math.clamp((double) (due - began) / WARM_UP.toNanos(), 0.02, 1);
                due += Math.round(TimeUnit.SECONDS.toNanos(1) / (RATE * warm));
                client.get(key).whenComplete((value, failure) -> ended(wasDue, value, failure));
            }
            inFlight = victim.inFlight();
        }

        private void ended(long wasDue, byte[] value, Throwable failure) {
            long now = System.nanoTime();
            if (origin > now) {
                return;
            }
            int step = (int) Math.min(STEPS - 1, (now - origin) / STEP);
            if (failure == null) {
                answered[step][value[0] - '0']++;
                longest = Math.max(longest, now - wasDue);
                return;
            }
            if (inFlightWhenLost < 0) {
                inFlightWhenLost = inFlight;
            }
            errors++;
            failed[step]++;
            Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
            if (cause instanceof PoolException pool) {
                reasons.merge(pool.reason(), 1, Integer::sum);
            }
        }

        int step() {
            return (int) ((System.nanoTime() - origin) / STEP);
        }

        void sleepTo(int step) {
            long left;
            while ((left = origin + step * STEP - System.nanoTime()) > 0) {
                LockSupport.parkNanos(left);
            }
        }

        /** The first step of a row in which all who are there have their part; the last step of all if there is none. */
        int evenSince(int from, boolean all) {
            int last = Math.min(STEPS, step());
            int row = 0;
            for (int step = from; step < last; step++) {
                row = isEven(step, all) ? row + 1 : 0;
                if (row == IN_A_ROW) {
                    return step - IN_A_ROW + 1;
                }
            }
            return last;
        }

        private boolean isEven(int step, boolean all) {
            double fair = 1.0 / (all ? NODES : NODES - 1);
            int sum = 0;
            for (int each : answered[step]) {
                sum += each;
            }
            boolean even = failed[step] == 0 && sum > PER_STEP * (1 - TOLERANCE);
            for (int node = 0; node < NODES; node++) {
                double part = (double) answered[step][node] / Math.max(1, sum);
                even &= node == VICTIM && !all ? part == 0 : Math.abs(part - fair) <= TOLERANCE * fair;
            }
            return even;
        }

        void tell(boolean retries, int killed, int back, RequestStats calls) {
            int withoutIt = evenSince(killed, false);
            int withIt = evenSince(back, true);
            System.out.printf("%nretries %s: %d errors%s%s; %d retries, the longest answer after %d ms%n",
                    retries ? "on" : "off", errors, reasons.isEmpty() ? "" : " " + reasons,
                    inFlightWhenLost < 0 ? "" : " (" + inFlightWhenLost + " were in flight on it when it was lost)",
                    calls.retries() - retriesBefore, TimeUnit.NANOSECONDS.toMillis(longest));
            System.out.printf("traffic is even again %s after the kill, %s after its return%n",
                    within(killed, withoutIt, back), within(back, withIt, step()));
            System.out.printf("%8s %8s %8s %8s %8s%n", "ms", "first", "killed", "third", "errors");
            System.out.println("the kill");
            lines(killed, Math.min(back, withoutIt + SHOWN_AFTER));
            System.out.println("the return");
            lines(back, Math.min(step(), withIt + SHOWN_AFTER));
        }

        private static String within(int from, int even, int end) {
            return even >= end ? "never" : "within " + (even - from + 1) * 100 + " ms";
        }

        private void lines(int event, int to) {
            for (int step = event - SHOWN_BEFORE; step < to; step++) {
                System.out.printf("%8d %8d %8d %8d %8d%n", (step - event) * 100, answered[step][0],
                        answered[step][VICTIM], answered[step][2], failed[step]);
            }
        }
    }

    /** A server in a process of its own, which says who it is. */
    private static final class Node implements AutoCloseable {
        private final int id;
        private final Path folder;
        private final String name;
        final int port;
        private RedisServer redis;
        private Process process;

        Node(int id) throws Exception {
            this.id = id;
            this.name = id + "x".repeat(63);
            this.folder = Files.createTempDirectory("kill-one");
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            start();
            if (redis != null) {
                try (Jedis jedis = new Jedis("127.0.0.1", port)) {
                    jedis.set(WHO, name.getBytes(StandardCharsets.US_ASCII));
                    // It is to know that again when it comes back.
                    jedis.save();
                }
            }
        }

        /** Returns once it accepts. */
        void start() throws Exception {
            if (RedisServer.isInstalled()) {
                redis = RedisServer.start(port, "--dir", folder.toString(), "--dbfilename", "who.rdb");
                return;
            }
            process = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Xmx64m",
                    "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), KillOne.class.getName(), "server",
                    "" + port, name).inheritIO().start();
            TestEngines.until("server " + id + " accepts", this::accepts);
        }

        private boolean accepts() {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException notYet) {
                return false;
            }
        }

        /** As a crash would. */
        void kill() {
            if (redis != null) {
                redis.kill();
            } else {
                process.destroyForcibly();
            }
        }

        @Override
        public void close() throws Exception {
            kill();
            Files.deleteIfExists(folder.resolve("who.rdb"));
            Files.deleteIfExists(folder);
        }
    }

    private static void serve(int port, String name) throws Exception {
        FakeServer.start(port, peer -> {
            while (true) {
                peer.say(switch (peer.command().getFirst()) {
                    case "GET" -> "$" + name.length() + "\r\n" + name + "\r\n";
                    case "PING" -> "+PONG\r\n";
                    case "HELLO" -> "-ERR unknown command 'HELLO'\r\n";
                    default -> "+OK\r\n";
                });
            }
        });
        Thread.sleep(Duration.ofHours(1));
    }
}
