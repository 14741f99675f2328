package io.solaster.engine.memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;

/**
 * Memory between two pages that nobody may touch: whoever reads or writes a byte outside of it ends the JVM with SIGSEGV,
 * and hs_err names the method. A block is taken once for many tests and never given back.
 */
public final class GuardedBlock {
    private static final int PAGE = 65536;
    private static final MethodHandle MMAP = call("mmap",
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    private static final MethodHandle MPROTECT = call("mprotect", FunctionDescriptor.of(ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private final long first;
    private final int size;

    public GuardedBlock(int atLeast) {
        size = (atLeast + PAGE - 1) / PAGE * PAGE;
        try {
            // PROT_NONE over all of it, then PROT_READ | PROT_WRITE inside; MAP_PRIVATE | MAP_ANONYMOUS.
            long address = (long) MMAP.invokeExact(0L, size + 2L * PAGE, 0, 0x22, -1, 0L);
            first = address + PAGE;
            int failed = (int) MPROTECT.invokeExact(first, (long) size, 3);
            if (address == -1 || failed != 0) {
                throw new IllegalStateException("no guarded memory to be had");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Address of {@code length} bytes behind which the forbidden page begins. */
    public long last(int length) {
        return first + size - length;
    }

    /** {@code length} bytes behind which the forbidden page begins. */
    public ByteBuffer lastBuffer(int length) {
        return MemorySegment.ofAddress(last(length)).reinterpret(length).asByteBuffer();
    }

    /** Copies the bytes so that the forbidden page begins behind the last one. */
    public long putLast(byte[] bytes, int from, int to) {
        return put(bytes, from, to, last(to - from));
    }

    /** Copies the bytes so that the forbidden page ends before the first one. */
    public long putFirst(byte[] bytes, int from, int to) {
        return put(bytes, from, to, first);
    }

    private long put(byte[] bytes, int from, int to, long address) {
        if (to - from > size) {
            throw new IllegalArgumentException((to - from) + " bytes do not fit into " + size);
        }
        Memory.copy(bytes, from, address, to - from);
        return address;
    }

    private static MethodHandle call(String name, FunctionDescriptor type) {
        MemorySegment symbol = Linker.nativeLinker().defaultLookup().findOrThrow(name);
        return Linker.nativeLinker().downcallHandle(symbol, type);
    }
}
