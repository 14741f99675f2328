package io.solaster.benchmarks.store;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.CommandDecoder;
import io.solaster.resp.ReplyWriter;
import io.solaster.resp.RequestLimits;
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
 * Time per request of decoding pipelines of 16, and per reply of writing as many. Run with {@code -prof gc}: neither may
 * allocate.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"})
public class DecoderBenchmark {
    private static final int PIPELINE = 16;
    /** Too many for a branch predictor to learn by heart. */
    private static final int MIXED = 1024;

    private final CommandDecoder decoder = new CommandDecoder(RequestLimits.DEFAULT);
    private final ReplyWriter writer = new ReplyWriter();
    private final ByteBuf out = Unpooled.directBuffer(16 * 1024);
    private final Block get = new Block();
    private final Block set = new Block();
    private final Block mixed = new Block();
    private final Block large = new Block();
    private final Block ping = new Block();
    private final Block value = new Block();

    @Setup
    public void setUp() {
        Random random = new Random(1);
        StringBuilder sizes = new StringBuilder();
        for (int i = 0; i < MIXED; i++) {
            String key = "k".repeat(1 + random.nextInt(40));
            sizes.append(random.nextBoolean()
                    ? request("GET", key)
                    : request("SET", key, "v".repeat(random.nextInt(200))));
        }
        get.fill(request("GET", "key:000000000001").repeat(PIPELINE));
        set.fill(request("SET", "key:000000000001", "v".repeat(64)).repeat(PIPELINE));
        mixed.fill(sizes.toString());
        large.fill(request("SET", "key:000000000001", "v".repeat(4096)).repeat(PIPELINE));
        ping.fill("PING\r\n".repeat(PIPELINE));
        value.fill("v".repeat(64));
    }

    @TearDown
    public void tearDown() {
        out.release();
        for (Block block : new Block[]{get, set, mixed, large, ping, value}) {
            Memory.free(block.address);
        }
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public long decodeGet() {
        return decode(get);
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public long decodeSet() {
        return decode(set);
    }

    /** Keys of 1 to 40 bytes and values of 0 to 199, in no order that a branch predictor could know. */
    @Benchmark
    @OperationsPerInvocation(MIXED)
    public long decodeMixed() {
        return decode(mixed);
    }

    /** Values of 4 KiB, whose length has more digits than the shortest way reads. */
    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public long decodeLargeSet() {
        return decode(large);
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public long decodeInlinePing() {
        return decode(ping);
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int writeBulk() {
        writer.to(out.clear());
        for (int i = 0; i < PIPELINE; i++) {
            writer.bulk(value.address, value.length);
        }
        writer.finish();
        return out.writerIndex();
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int writeOk() {
        writer.to(out.clear());
        for (int i = 0; i < PIPELINE; i++) {
            writer.ok();
        }
        writer.finish();
        return out.writerIndex();
    }

    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int writeInteger() {
        writer.to(out.clear());
        for (int i = 0; i < PIPELINE; i++) {
            writer.integer(1_234_567L + i);
        }
        writer.finish();
        return out.writerIndex();
    }

    /** Reads each argument's address and length too, as a command's dispatch does. */
    private long decode(Block block) {
        long sum = 0;
        long at = block.address;
        int left = block.length;
        while (left > 0) {
            int consumed = decoder.decode(at, left);
            for (int i = 0; i < decoder.argumentCount(); i++) {
                sum += decoder.argumentAddress(i) ^ decoder.argumentLength(i);
            }
            at += consumed;
            left -= consumed;
        }
        return sum;
    }

    private static String request(String... arguments) {
        StringBuilder text = new StringBuilder("*" + arguments.length + "\r\n");
        for (String argument : arguments) {
            text.append('$').append(argument.length()).append("\r\n").append(argument).append("\r\n");
        }
        return text.toString();
    }

    private static final class Block {
        private long address;
        private int length;

        void fill(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
            address = Memory.allocate(bytes.length);
            length = bytes.length;
            Memory.copy(bytes, 0, address, length);
        }
    }
}
