package io.solaster.benchmarks.store;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import io.solaster.benchmarks.rig.Requests;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A pipeline of 16 commands over a socket to two shards, and back: run with {@code -prof gc}, whose
 * {@code gc.alloc.rate.norm} is the heap bytes per command, own or foreign. The profiler counts all threads, and the
 * client here allocates nothing.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class CommandBenchmark {
    private static final int PIPELINE = 16;
    private static final int PIPELINES = 256;
    private static final int VALUE_BYTES = 64;
    private static final int GET_REPLY = "$64\r\n".length() + VALUE_BYTES + "\r\n".length();
    private static final int OK_REPLY = "+OK\r\n".length();

    /** Whether the keys belong to the shard that serves the connection. */
    @Param({"own", "foreign"})
    private String keys = "own";

    @Param({"epoll", "io_uring"})
    private String transport = "epoll";

    private final Requests requests = new Requests(VALUE_BYTES);
    private final ByteBuffer[] gets = new ByteBuffer[PIPELINES];
    private final ByteBuffer[] sets = new ByteBuffer[PIPELINES];
    private final ByteBuffer in = ByteBuffer.allocateDirect(64 * 1024);
    @SuppressWarnings("NullAway.Init") // by JMH's set-up
    private Engine engine;
    @SuppressWarnings("NullAway.Init")
    private SocketChannel client;
    private int next;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
        engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER)
                .withTransport(Transport.valueOf(transport.toUpperCase(Locale.ROOT))));
        ServerConfig config = ServerConfig.of("resp", 0);
        Store store = Store.on(engine);
        TcpServer server = TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
        client = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        boolean wantForeign = keys.equals("foreign");
        long key = 0;
        for (int i = 0; i < PIPELINES; i++) {
            byte[] get = new byte[PIPELINE * requests.getLength()];
            byte[] set = new byte[PIPELINE * requests.setLength()];
            for (int command = 0; command < PIPELINE; command++) {
                while (isForeign(store, key) != wantForeign) {
                    key++;
                }
                requests.get(key, get, command * requests.getLength());
                requests.set(key, set, command * requests.setLength());
                key++;
            }
            gets[i] = ByteBuffer.allocateDirect(get.length).put(get).flip();
            sets[i] = ByteBuffer.allocateDirect(set.length).put(set).flip();
        }
    }

    /** Sets the key and asks the store who did it. */
    private boolean isForeign(Store store, long key) throws IOException {
        long before = store.total(stats -> stats.foreignCommands.get());
        byte[] set = new byte[requests.setLength()];
        requests.set(key, set, 0);
        exchange(ByteBuffer.wrap(set), OK_REPLY);
        return store.total(stats -> stats.foreignCommands.get()) != before;
    }

    @TearDown(Level.Trial)
    public void tearDown() throws IOException {
        client.close();
        engine.close();
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int get() throws IOException {
        return exchange(gets[next++ & PIPELINES - 1], PIPELINE * GET_REPLY);
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int set() throws IOException {
        return exchange(sets[next++ & PIPELINES - 1], PIPELINE * OK_REPLY);
    }

    private int exchange(ByteBuffer out, int expected) throws IOException {
        out.rewind();
        while (out.hasRemaining()) {
            client.write(out);
        }
        in.clear();
        while (in.position() < expected) {
            if (client.read(in) < 0) {
                throw new IOException("the server has closed the connection");
            }
        }
        return in.get(0);
    }
}
