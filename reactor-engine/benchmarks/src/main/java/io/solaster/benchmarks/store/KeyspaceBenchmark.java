package io.solaster.benchmarks.store;

import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a lookup and an overwrite cost, with keys of 16 bytes drawn at random and values of 64; run with -prof gc. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgs = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Xmx512m"})
public class KeyspaceBenchmark {
    private static final int VALUE_BYTES = 64;

    @Param({"100000", "10000000"})
    private int keys;

    private final long key = Memory.allocate(16);
    private final long value = Memory.allocate(VALUE_BYTES);
    private final Keyspace keyspace = Keyspace.create(new SecureRandom());
    private long state = 1;

    @Setup
    public void fill() {
        Memory.fill(value, VALUE_BYTES, (byte) 'v');
        for (int i = 0; i < keys; i++) {
            writeKey(key, i);
            keyspace.set(key, 16, value, VALUE_BYTES, 0);
        }
    }

    @TearDown
    public void close() {
        keyspace.close();
        Memory.free(key);
        Memory.free(value);
    }

    /** "key:" and a number, as redis-benchmark's keys are, but in base 16: what writes them shall not be what is measured. */
    static void writeKey(long address, int number) {
        Memory.putInt(address, 'k' | 'e' << 8 | 'y' << 16 | ':' << 24);
        Memory.putInt(address + 4, 0x30303030);
        long spread = number & 0xFFFF_FFFFL;
        spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFFL;
        spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FFL;
        spread = (spread | spread << 4) & 0x0F0F_0F0F_0F0F_0F0FL;
        Memory.putLong(address + 8, Long.reverseBytes(spread + 0x4141_4141_4141_4141L));
    }

    private void nextKey() {
        state = state * 6364136223846793005L + 1442695040888963407L;
        writeKey(key, (int) (((state >>> 33) * keys) >>> 31));
    }

    /** What the benchmarks' own part costs. */
    @Benchmark
    public long keyOnly() {
        nextKey();
        return Memory.getLong(key + 8);
    }

    /** A lookup, and a read of the value's first byte. */
    @Benchmark
    public byte get() {
        nextKey();
        long entry = keyspace.find(key, 16, 1);
        return Memory.getByte(keyspace.valueAddress(entry));
    }

    /** An overwrite in place. */
    @Benchmark
    public long set() {
        nextKey();
        return keyspace.set(key, 16, value, VALUE_BYTES, 0);
    }

    /** A key taken out and put back: both ways through the allocator. */
    @Benchmark
    public long removeAndInsert() {
        nextKey();
        keyspace.remove(key, 16);
        return keyspace.set(key, 16, value, VALUE_BYTES, 0);
    }
}
