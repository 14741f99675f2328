package io.solaster.http.websocket;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

import io.solaster.engine.memory.Memory;

/** Memory behind whose last byte a page begins that nobody may touch: who does ends the JVM. Taken once, kept. */
final class Guarded {
    private static final int PAGE = 65536;
    private static final MethodHandle PROTECT = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("mprotect"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT));

    private final long end;

    Guarded(int bytes) {
        long size = (bytes + PAGE - 1L) / PAGE * PAGE;
        end = Memory.map(size + PAGE) + size;
        try {
            if ((int) PROTECT.invokeExact(end, (long) PAGE, 0) != 0) {
                throw new IllegalStateException("no guarded memory to be had");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Puts bytes right before the forbidden page. */
    long put(byte[] bytes, int from, int to) {
        long address = end - (to - from);
        Memory.copy(bytes, from, address, to - from);
        return address;
    }
}
