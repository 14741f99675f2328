package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs who waits for the blocking sockets of forks: round trips of one byte over loopback on {@value #SOCKETS} forks of
 * one shard at once, with {@code jdk.pollerMode} 1 and 2. The echo is threads of the system.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
public class PollerBenchmark {
    private static final int SOCKETS = 8;
    private static final int ROUND_TRIPS = 500;

    private final List<Socket> clients = new ArrayList<>();
    private @Nullable Engine engine;
    private @Nullable ServerSocket server;

    @Setup
    public void setUp() throws IOException {
        engine = Engine.start(EngineConfig.defaults().withShards(1));
        server = new ServerSocket(0, SOCKETS, InetAddress.getLoopbackAddress());
        for (int i = 0; i < SOCKETS; i++) {
            Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
            client.setTcpNoDelay(true);
            clients.add(client);
            Socket accepted = server.accept();
            accepted.setTcpNoDelay(true);
            Thread.ofPlatform().daemon().start(() -> echo(accepted));
        }
    }

    private static void echo(Socket socket) {
        try (socket) {
            for (int next = socket.getInputStream().read(); next >= 0; next = socket.getInputStream().read()) {
                socket.getOutputStream().write(next);
            }
        } catch (IOException closed) {
            // The benchmark is over.
        }
    }

    @TearDown
    public void tearDown() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        Objects.requireNonNull(server).close();
        Objects.requireNonNull(engine).close();
    }

    /** Threads of the system wait for them. */
    @Benchmark
    @OperationsPerInvocation(SOCKETS * ROUND_TRIPS)
    @Fork(value = 1, jvmArgsAppend = {"-Djdk.pollerMode=1", "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED"})
    public int systemPollers() throws Exception {
        return roundTrips();
    }

    /** Virtual threads wait for them. */
    @Benchmark
    @OperationsPerInvocation(SOCKETS * ROUND_TRIPS)
    @Fork(value = 1, jvmArgsAppend = {"-Djdk.pollerMode=2", "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED"})
    public int virtualPollers() throws Exception {
        return roundTrips();
    }

    private int roundTrips() throws Exception {
        Shard shard = Objects.requireNonNull(engine).shard(0);
        List<ShardFuture<Integer>> all = new ArrayList<>();
        for (Socket client : clients) {
            all.add(shard.fork(() -> roundTrips(client)).future());
        }
        int sum = 0;
        for (ShardFuture<Integer> one : all) {
            sum += one.get();
        }
        return sum;
    }

    private static int roundTrips(Socket client) throws IOException {
        int sum = 0;
        for (int i = 0; i < ROUND_TRIPS; i++) {
            client.getOutputStream().write(1);
            sum += client.getInputStream().read();
        }
        return sum;
    }
}
