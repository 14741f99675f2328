package io.solaster.engine.file;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;

/**
 * An engine on epoll in a process of its own. Arguments: a file, how many bytes are to be written to it, and the error number that
 * the kernel is to answer with who wants a ring; 0 for none.
 */
final class ChildFiles {
    private static final int IO_URING_SETUP = 425;
    private static final int NO_NEW_PRIVILEGES = 38;
    private static final int SECCOMP = 22;
    private static final int FILTER = 2;
    private static final int INSTRUCTION = 8;

    private ChildFiles() {}

    static void main(String... arguments) throws Throwable {
        int error = Integer.parseInt(arguments[2]);
        if (error != 0) {
            refuseRings(error);
        }
        int bytes = Integer.parseInt(arguments[1]);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER)
                .withTransport(Transport.EPOLL))) {
            ShardFile file = engine.<ShardFile>submitStageTo(0, CallOptions.DEFAULTS,
                    () -> engine.shard(0).files().open(Path.of(arguments[0]), OpenMode.CREATE)).join();
            try {
                engine.submitStageTo(0, CallOptions.DEFAULTS,
                        () -> file.write(Unpooled.directBuffer(bytes).writeZero(bytes), 0)).join();
            } catch (CompletionException failed) {
                System.out.println("failed: " + failed.getCause());
            }
            ByteBuf into = Unpooled.directBuffer(2 * bytes);
            System.out.println("read: " + engine.<Integer>submitStageTo(0, CallOptions.DEFAULTS,
                    () -> file.read(into, 0)).join());
            engine.submitStageTo(0, CallOptions.DEFAULTS, file::close).join();
        }
    }

    /** For this thread, and all that are started by it. */
    private static void refuseRings(int error) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle prctl = linker.downcallHandle(linker.defaultLookup().findOrThrow("prctl"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1));
        try (Arena arena = Arena.ofConfined()) {
            // Load the call's number; if it is that one, answer with the error; else let it through.
            long[] program = {instruction(0x20, 0, 0, 0), instruction(0x15, 0, 1, IO_URING_SETUP),
                    instruction(0x06, 0, 0, 0x50000 | error), instruction(0x06, 0, 0, 0x7fff0000)};
            MemorySegment instructions = arena.allocateFrom(ValueLayout.JAVA_LONG, program);
            MemorySegment whole = arena.allocate(2L * INSTRUCTION, INSTRUCTION);
            whole.set(ValueLayout.JAVA_SHORT, 0, (short) program.length);
            whole.set(ValueLayout.JAVA_LONG, INSTRUCTION, instructions.address());
            if ((int) prctl.invokeExact(NO_NEW_PRIVILEGES, 1L, 0L, 0L, 0L) != 0
                    || (int) prctl.invokeExact(SECCOMP, (long) FILTER, whole.address(), 0L, 0L) != 0) {
                System.out.println("no filter");
            }
        }
    }

    private static long instruction(int code, int ifTrue, int ifFalse, int operand) {
        return code | (long) ifTrue << 16 | (long) ifFalse << 24 | (long) operand << 32;
    }
}
