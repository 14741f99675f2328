package io.solaster.pool.resp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Upstream;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.resp.Reply;
import io.solaster.testkit.peer.RedisServer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;

/**
 * GETs of 64 bytes against a redis-server on one CPU, by clients on another one in turn: the client's CPU time per
 * request. Batches are of 64: of Jedis a pipeline by hand, of ours one pipeline, or as many single commands. Each run is a process of its own, rounds are interleaved, and medians told. Run by pool.sh.
 */
final class RedisClients {
    private static final int IN_FLIGHT = 64;
    private static final int KEYS = 1024;
    private static final long ENOUGH = 2_000_000;
    private static final Duration WARM_UP = Duration.ofSeconds(15);
    private static final byte[][] NAMES = new byte[KEYS][];

    static {
        for (int i = 0; i < KEYS; i++) {
            NAMES[i] = "key:%012d".formatted(i).getBytes(StandardCharsets.US_ASCII);
        }
    }

    /** What is compared, each with the peer that it is a ratio to. */
    private static final Map<String, String> CONTENDERS = new LinkedHashMap<>();

    static {
        CONTENDERS.put("lettuce refilled", "lettuce refilled");
        CONTENDERS.put("solaster refilled", "lettuce refilled");
        CONTENDERS.put("jedis batches", "jedis batches");
        CONTENDERS.put("solaster pipeline", "jedis batches");
        CONTENDERS.put("solaster batches", "jedis batches");
    }

    private RedisClients() {}

    /** Arguments: rounds (5), seconds of a run (2), what names of contenders contain (all). */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("client")) {
            client(arguments[1], Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            return;
        }
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
        String only = arguments.length > 2 ? arguments[2] : "";
        List<String> contenders = CONTENDERS.keySet().stream().filter(each -> each.contains(only)).toList();
        try (RedisServer redis = RedisServer.start()) {
            run("taskset", "-acp", "1", "" + redis.pid());
            try (Jedis jedis = new Jedis("127.0.0.1", redis.port())) {
                for (byte[] name : NAMES) {
                    jedis.set(name, new byte[64]);
                }
            }
            Map<String, List<Double>> nanos = new LinkedHashMap<>();
            for (int round = 0; round < rounds; round++) {
                for (String contender : contenders) {
                    String[] words = child(contender, redis.port(), seconds).split(" ", -1);
                    nanos.computeIfAbsent(contender, each -> new ArrayList<>()).add(Double.valueOf(words[0]));
                    System.out.printf(Locale.ROOT, "round %d  %-18s %7.0f ns of CPU a request, %9s requests a second%n",
                            round + 1, contender, Double.valueOf(words[0]), words[1]);
                }
            }
            System.out.println();
            System.out.println("| client, 64 in flight | CPU ns a request (median) | of its peer |");
            System.out.println("|---|---|---|");
            nanos.forEach((contender, all) -> System.out.printf(Locale.ROOT, "| %s | %.0f | %.2f |%n", contender,
                    median(all), median(all) / median(nanos.get(CONTENDERS.get(contender)))));
        }
    }

    private static double median(List<Double> all) {
        double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static String child(String contender, int port, int seconds) throws Exception {
        List<String> command = new ArrayList<>(List.of("taskset", "-c", "0",
                ProcessHandle.current().info().command().orElseThrow(), "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xms512m",
                "-Xmx512m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                RedisClients.class.getName(), "client", contender, "" + port, "" + seconds));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed: " + output);
        }
        return output.lines().filter(line -> line.startsWith("RESULT ")).map(line -> line.substring(7)).findFirst()
                .orElse("");
    }

    // ---- a client

    private static final AtomicLong DONE = new AtomicLong();

    private static void client(String contender, int port, int seconds) throws Exception {
        AutoCloseable running = switch (contender) {
            case "lettuce refilled" -> lettuce(port);
            case "solaster refilled" -> solaster(port, RedisClients::refill);
            case "solaster pipeline" -> solaster(port, client -> new Pipelined(client).run());
            case "solaster batches" -> solaster(port, client -> new Batch(client).run());
            case "jedis batches" -> jedis(port);
            default -> throw new IllegalArgumentException(contender);
        };
        // The compiler's threads count too: they are to have done their part.
        for (long end = System.nanoTime() + WARM_UP.toNanos(); DONE.get() < ENOUGH && System.nanoTime() < end;) {
            Thread.sleep(50);
        }
        long done = DONE.get();
        long cpu = cpuNanos();
        long began = System.nanoTime();
        Thread.sleep(Duration.ofSeconds(seconds));
        long requests = DONE.get() - done;
        System.out.printf(Locale.ROOT, "RESULT %.1f %d%n", (double) (cpuNanos() - cpu) / requests,
                requests * TimeUnit.SECONDS.toNanos(1) / (System.nanoTime() - began));
        System.out.flush();
        Runtime.getRuntime().halt(running == null ? 1 : 0);
    }

    /** Of all threads of this process, which the scheduler counts exactly. */
    private static long cpuNanos() throws IOException {
        long sum = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path task : tasks) {
                String times = Files.readString(task.resolve("schedstat"));
                sum += Long.parseLong(times, 0, times.indexOf(' '), 10);
            }
        }
        return sum;
    }

    private static void check(byte[] value) {
        if (value == null || value.length != 64) {
            throw new IllegalStateException("a wrong value: " + Arrays.toString(value));
        }
    }

    private static AutoCloseable lettuce(int port) {
        RedisClient client = RedisClient.create("redis://127.0.0.1:" + port);
        RedisAsyncCommands<byte[], byte[]> commands = client.connect(ByteArrayCodec.INSTANCE).async();
        for (int i = 0; i < IN_FLIGHT; i++) {
            new Refill(commands, i * 16).run();
        }
        return client;
    }

    private static final class Refill implements Runnable {
        private final RedisAsyncCommands<byte[], byte[]> commands;
        private int next;

        Refill(RedisAsyncCommands<byte[], byte[]> commands, int next) {
            this.commands = commands;
            this.next = next;
        }

        @Override
        public void run() {
            commands.get(NAMES[next++ & KEYS - 1]).thenAccept(value -> {
                check(value);
                DONE.lazySet(DONE.getPlain() + 1);
                run();
            });
        }
    }

    private static AutoCloseable jedis(int port) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        Thread.ofPlatform().daemon().start(() -> {
            try (Jedis jedis = new Jedis("127.0.0.1", port)) {
                connected.countDown();
                List<Response<byte[]>> answers = new ArrayList<>(IN_FLIGHT);
                int next = 0;
                while (true) {
                    Pipeline pipeline = jedis.pipelined();
                    for (int i = 0; i < IN_FLIGHT; i++) {
                        answers.add(pipeline.get(NAMES[next++ & KEYS - 1]));
                    }
                    pipeline.sync();
                    for (Response<byte[]> answer : answers) {
                        check(answer.get());
                    }
                    answers.clear();
                    DONE.lazySet(DONE.getPlain() + IN_FLIGHT);
                }
            }
        });
        connected.await();
        return () -> {};
    }

    private static AutoCloseable solaster(int port, Consumer<RespClient> load) {
        Engine engine = Engine.start(EngineConfig.defaults().withPinning(Pinning.NEVER).withShards(1));
        PoolConfig config = PoolConfig.of(PoolConfig.Protocol.RESP);
        config = config.withConnections(config.connections().withBounds(1, 1, 1));
        Upstream upstream = Upstreams.start(engine, "redis", config,
                Discovery.of(List.of(Endpoint.of("127.0.0.1", port))));
        ConnectionPool<RespConnection> pool = ConnectionPools.start(engine, "redis", config,
                RespProtocol.shared(config), upstream, Connectors.of(engine, config, host -> {
                    var found = Shard.current().<List<java.net.InetAddress>>newFuture();
                    found.complete(List.of(java.net.InetAddress.getLoopbackAddress()));
                    return found;
                }, null));
        RespClient client = RespClient.over(engine, pool);
        engine.submitTo(0, () -> {
            load.accept(client);
            return true;
        }).join();
        return engine;
    }

    private static void refill(RespClient client) {
        for (int i = 0; i < IN_FLIGHT; i++) {
            new ShardRefill(client, i * 16).run();
        }
    }

    private static final class ShardRefill implements Runnable {
        private final RespClient client;
        private int next;

        ShardRefill(RespClient client, int next) {
            this.client = client;
            this.next = next;
        }

        @Override
        public void run() {
            client.get(NAMES[next++ & KEYS - 1]).thenAccept(value -> {
                check(value);
                DONE.lazySet(DONE.getPlain() + 1);
                run();
            });
        }
    }

    private static final class Pipelined implements Runnable {
        private final RespClient client;
        private int next;

        Pipelined(RespClient client) {
            this.client = client;
        }

        @Override
        public void run() {
            List<RespCommand<?>> commands = new ArrayList<>(IN_FLIGHT);
            for (int i = 0; i < IN_FLIGHT; i++) {
                commands.add(RespCommand.get(NAMES[next++ & KEYS - 1]));
            }
            client.pipeline(commands).thenAccept(this::answered);
        }

        private void answered(List<Reply> replies) {
            for (Reply reply : replies) {
                check(((Reply.Blob) reply).bytes());
            }
            DONE.lazySet(DONE.getPlain() + replies.size());
            run();
        }
    }

    private static final class Batch implements Runnable {
        private final RespClient client;
        private int next;
        private int left;

        Batch(RespClient client) {
            this.client = client;
        }

        @Override
        public void run() {
            left = IN_FLIGHT;
            for (int i = 0; i < IN_FLIGHT; i++) {
                client.get(NAMES[next++ & KEYS - 1]).thenAccept(this::answered);
            }
        }

        private void answered(byte[] value) {
            check(value);
            DONE.lazySet(DONE.getPlain() + 1);
            if (--left == 0) {
                run();
            }
        }
    }
}
