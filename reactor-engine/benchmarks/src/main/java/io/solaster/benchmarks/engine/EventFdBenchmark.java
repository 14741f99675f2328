package io.solaster.benchmarks.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it takes two bare threads to wake each other in turn through eventfds, in blocking calls and on the CPUs that two
 * shards would have: no round trip to a sleeping shard can be much quicker.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@State(Scope.Thread)
public class EventFdBenchmark {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle EVENTFD = call("eventfd",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE = call("close",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final FunctionDescriptor TRANSFER = FunctionDescriptor.of(ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
    private static final MethodHandle READ = call("read", TRANSFER);
    private static final MethodHandle WRITE = call("write", TRANSFER);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment one = arena.allocate(Long.BYTES, Long.BYTES);
    private final int there = open();
    private final int back = open();
    private final Thread partner = new Thread(this::answer, "partner");
    private volatile boolean ended;

    private static MethodHandle call(String name, FunctionDescriptor signature) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), signature);
    }

    private static int open() {
        try {
            return (int) EVENTFD.invokeExact(0, 0);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void close(int descriptor) {
        try {
            int ignored = (int) CLOSE.invokeExact(descriptor);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static void transfer(MethodHandle call, int descriptor, MemorySegment counter) {
        try {
            long bytes = (long) call.invokeExact(descriptor, counter, (long) Long.BYTES);
            if (bytes != Long.BYTES) {
                throw new IllegalStateException("an eventfd transferred " + bytes + " bytes");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** On the thread that measures. */
    @Setup
    public void setUp() {
        one.set(ValueLayout.JAVA_LONG, 0, 1);
        partner.setDaemon(true);
        partner.start();
        ShardCpus.pin(0);
    }

    private void answer() {
        ShardCpus.pin(1);
        MemorySegment counter = arena.allocate(Long.BYTES, Long.BYTES);
        while (!ended) {
            transfer(READ, there, counter);
            transfer(WRITE, back, one);
        }
    }

    @Benchmark
    public void pingPong() {
        transfer(WRITE, there, one);
        transfer(READ, back, one);
    }

    @TearDown
    public void tearDown() throws InterruptedException {
        ended = true;
        transfer(WRITE, there, one);
        partner.join();
        close(there);
        close(back);
        arena.close();
    }
}
