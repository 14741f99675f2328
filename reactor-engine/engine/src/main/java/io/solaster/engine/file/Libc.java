package io.solaster.engine.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

import io.solaster.config.value.CpuSet;
import io.solaster.engine.os.SystemCalls;
import org.jspecify.annotations.Nullable;

/**
 * What a ring needs of Linux and Java does not give: a file's descriptor. Those with a path may wait for a disk, so they
 * are for threads off the shards.
 */
final class Libc {
    private static final int EINTR = 4;
    private static final int READ_ONLY = 0;
    private static final int READ_WRITE = 2;
    private static final int CREATE = 0x40;
    private static final int EXCLUSIVE = 0x80;
    private static final int CLOSE_ON_EXEC = 0x80000;
    private static final int DIRECT = System.getProperty("os.arch").equals("aarch64") ? 0x10000 : 0x4000;
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    private static final int WRITE_ONLY = 1;
    private static final int APPEND = 0x400;
    /** A pipe that has taken the place of a file must not hold the thread that opens it. */
    private static final int NO_WAIT = 0x800;
    private static final int NO_FOLLOW = ARM ? 0x8000 : 0x20000;
    private static final int UNNAMED = 0x400000 | (ARM ? 0x4000 : 0x10000);
    private static final int RIGHTS = 0666;
    private static final int OWN_RIGHTS = 0600;
    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_FOLLOW = 0x400;
    private static final int EAGAIN = 11;
    private static final int RWF_NOWAIT = 8;
    private static final int SEEK_END = 2;
    private static final long IO_URING_SETUP = 425;
    private static final long IO_URING_ENTER = 426;
    private static final long IO_URING_REGISTER = 427;
    private static final int EVENTFD_FLAGS = CLOSE_ON_EXEC | 0x800;
    private static final int READ_AND_WRITE_PAGES = 3;
    private static final int SHARED_AND_FILLED = 0x8001;

    /** What Java itself takes for the names of files. */
    private static final Charset NAMES = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    /** Where a call leaves its error number. */
    static final StructLayout ERRNO_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = ERRNO_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN = call("open", 2, ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle CLOSE = call("close", -1, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle FTRUNCATE = call("ftruncate", -1, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG);
    private static final MethodHandle LSEEK = call("lseek", -1, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
    private static final MethodHandle LINKAT = call("linkat", -1, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    private static final MethodHandle SYSCALL = SystemCalls.handle();
    private static final MethodHandle MMAP = call("mmap", -1, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG);
    private static final MethodHandle MUNMAP = call("munmap", -1, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);

    private Libc() {}

    private static MethodHandle call(String name, int firstVariadic, MemoryLayout result, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor type = FunctionDescriptor.of(result, arguments);
        Linker.Option state = Linker.Option.captureCallState("errno");
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, firstVariadic < 0
                ? new Linker.Option[]{state}
                : new Linker.Option[]{state, Linker.Option.firstVariadicArg(firstVariadic)});
    }

    /** One call; answers with what it returns, or with the negative error number. */
    private interface Call {
        long run(MemorySegment state, Arena arena) throws Throwable;
    }

    private static long run(Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(ERRNO_STATE);
            while (true) {
                long result = call.run(state, arena);
                int error = result >= 0 ? 0 : (int) ERRNO.get(state, 0L);
                if (error != EINTR) {
                    return result >= 0 ? result : -error;
                }
            }
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static long check(long result, Path path) throws IOException {
        if (result < 0) {
            throw FileError.exception((int) -result, path.toString());
        }
        return result;
    }

    /**
     * Opens a file.
     *
     * @return its descriptor
     */
    static int open(Path path, OpenMode mode, boolean direct) throws IOException {
        int flags = CLOSE_ON_EXEC | (direct ? DIRECT : 0) | switch (mode) {
            case READ -> READ_ONLY;
            case WRITE -> READ_WRITE;
            case CREATE -> READ_WRITE | CREATE;
            case CREATE_NEW -> READ_WRITE | CREATE | EXCLUSIVE;
            case APPEND -> WRITE_ONLY | CREATE | APPEND;
        };
        return open(path, flags, RIGHTS);
    }

    private static int open(Path path, int flags, int rights) throws IOException {
        return (int) check(
                run((state, arena) -> (int) OPEN.invokeExact(state, name(path, arena), flags, rights)), path);
    }

    private static MemorySegment name(Path path, Arena arena) {
        byte[] name = path.toAbsolutePath().toString().getBytes(NAMES);
        // Arenas are zeroed, so that a zero ends the name.
        MemorySegment ended = arena.allocate(name.length + 1L);
        MemorySegment.copy(name, 0, ended, ValueLayout.JAVA_BYTE, 0, name.length);
        return ended;
    }

    /** As {@link #open}, to be read; no link is followed in the last place, and a pipe is not waited for. */
    static int openToSend(Path path) throws IOException {
        return open(path, CLOSE_ON_EXEC | READ_ONLY | NO_FOLLOW | NO_WAIT, 0);
    }

    /** As {@link #open}: a file without a name in a directory, which nobody else may read. */
    static int openUnnamed(Path directory) throws IOException {
        return open(directory, CLOSE_ON_EXEC | READ_WRITE | UNNAMED, OWN_RIGHTS);
    }

    /** Gives an open file a name that is free. */
    static void link(int descriptor, Path target) throws IOException {
        check(run((state, arena) -> (int) LINKAT.invokeExact(state, AT_FDCWD, name(opened(descriptor), arena),
                AT_FDCWD, name(target, arena), AT_SYMLINK_FOLLOW)), target);
    }

    /** By what path this process opens once more what it has open. */
    static Path opened(int descriptor) {
        return Path.of("/proc/self/fd", String.valueOf(descriptor));
    }

    /**
     * Sends a part of a file to a socket, as much as it takes now. Waits for the disk where the part is not in the page cache.
     *
     * @return how many bytes: 0 if it takes none, -1 if the file ends before
     */
    static long sendFile(int socket, int descriptor, long position, long count, Path path) throws IOException {
        long sent = run((state, arena) -> (long) LinuxOnly.SENDFILE.invokeExact(state, socket, descriptor,
                arena.allocateFrom(ValueLayout.JAVA_LONG, position), count));
        return sent == -EAGAIN ? 0 : sent == 0 ? -1 : check(sent, path);
    }

    /**
     * Whether a byte of a file is in the page cache. Does not wait; false where nobody knows.
     *
     * @param scratch room for a part of memory, and the byte it names
     */
    static boolean isCached(int descriptor, long position, MemorySegment scratch) {
        MethodHandle read = LinuxOnly.PREADV2;
        if (read == null) {
            return false;
        }
        try {
            return (long) read.invokeExact(descriptor, scratch, 1, position, RWF_NOWAIT) == 1;
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** For {@link #isCached}; of one shard, and never freed. */
    static MemorySegment scratch() {
        MemorySegment scratch = Arena.global().allocate(3L * Long.BYTES, Long.BYTES);
        scratch.set(ValueLayout.JAVA_LONG, 0, scratch.address() + 2L * Long.BYTES);
        scratch.set(ValueLayout.JAVA_LONG, Long.BYTES, 1);
        return scratch;
    }

    /** Calls that Linux alone has, and not every C library knows. */
    private static final class LinuxOnly {
        static final MethodHandle SENDFILE = call("sendfile", -1, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
        static final MethodHandle EVENTFD = call("eventfd", -1, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT);
        static final @Nullable MethodHandle PREADV2 = Linker.nativeLinker().defaultLookup().find("preadv2")
                .map(found -> Linker.nativeLinker().downcallHandle(found,
                        FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT)))
                .orElse(null);

        private LinuxOnly() {}
    }

    /** To be asked before anything else here: a class of its own, since where the calls are not to be had this one fails. */
    static final class Here {
        private static final boolean IS = System.getProperty("os.name").equals("Linux") && isLinked();

        private Here() {}

        private static boolean isLinked() {
            try {
                MethodHandles.lookup().ensureInitialized(Libc.class);
                return true;
            } catch (LinkageError | IllegalAccessException refused) {
                return false;
            }
        }

        /** Whether {@link #open} opens what a path leads to: not in an archive, say, nor by a name that is no text. */
        static boolean opens(Path path) {
            return IS && leadsTo(path);
        }
    }

    private static boolean leadsTo(Path path) {
        try {
            return path.getFileSystem().equals(FileSystems.getDefault())
                    && Path.of(path.toString()).equals(path);
        } catch (InvalidPathException noText) {
            return false;
        }
    }

    static void close(int descriptor, Path path) throws IOException {
        check(run((state, arena) -> {
            int result = (int) CLOSE.invokeExact(state, descriptor);
            // Linux has closed it all the same, and the number may be another file's by now.
            return result < 0 && (int) ERRNO.get(state, 0L) == EINTR ? 0 : result;
        }), path);
    }

    static void truncate(int descriptor, long size, Path path) throws IOException {
        check(run((state, arena) -> (int) FTRUNCATE.invokeExact(state, descriptor, size)), path);
    }

    static long size(int descriptor, Path path) throws IOException {
        return check(run((state, arena) -> (long) LSEEK.invokeExact(state, descriptor, 0L, SEEK_END)), path);
    }

    /** Lets go of a descriptor of which nobody needs to hear. Does not wait. */
    static void close(int descriptor) {
        run((state, arena) -> (int) CLOSE.invokeExact(state, descriptor));
    }

    /** A new one's descriptor, or the negative error number. */
    static long eventfd() {
        return run((state, arena) -> (int) LinuxOnly.EVENTFD.invokeExact(state, 0, EVENTFD_FLAGS));
    }

    /** Where a part of a ring lies from now on, or the negative error number. */
    static long map(int ring, long bytes, long offset) {
        return run((state, arena) -> (long) MMAP.invokeExact(state, 0L, bytes, READ_AND_WRITE_PAGES,
                SHARED_AND_FILLED, ring, offset));
    }

    static void unmap(MemorySegment mapped) {
        run((state, arena) -> (int) MUNMAP.invokeExact(state, mapped.address(), mapped.byteSize()));
    }

    /** A new ring's descriptor, or the negative error number. */
    static long uringSetup(int entries, MemorySegment params) {
        return run((state, arena) -> (long) SYSCALL.invokeExact(state, IO_URING_SETUP, (long) entries,
                params.address(), 0L, 0L, 0L, 0L));
    }

    /**
     * Hands operations to the kernel, and waits for none. Makes no object.
     *
     * @param errno of {@link #ERRNO_STATE}
     * @return how many it has taken, or the negative error number
     */
    static long uringEnter(MemorySegment errno, int ring, int entries, int flags) {
        try {
            while (true) {
                long result = (long) SYSCALL.invokeExact(errno, IO_URING_ENTER, (long) ring, (long) entries, 0L,
                        (long) flags, 0L, 0L);
                int error = result >= 0 ? 0 : (int) ERRNO.get(errno, 0L);
                if (error != EINTR) {
                    return result >= 0 ? result : -error;
                }
            }
        } catch (Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tells a ring of something: 0, or the negative error number. Does not wait. */
    static int uringRegister(int ring, int opcode, long address, long count) {
        return (int) run((state, arena) -> (long) SYSCALL.invokeExact(state, IO_URING_REGISTER, (long) ring,
                (long) opcode, address, count, 0L, 0L));
    }

    /**
     * Has the kernel's workers of a ring run on these CPUs. On the thread that submits to it; does not wait.
     *
     * @return 0, or the negative error number
     */
    static int bindWorkers(int ring, CpuSet cpus) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocateFrom(ValueLayout.JAVA_LONG, cpus.toBitSet().toLongArray());
            return uringRegister(ring, Uring.REGISTER_IOWQ_AFF, mask.address(), mask.byteSize());
        }
    }

    /**
     * Bounds the kernel's workers of a ring that do what ends by itself, as files do. On the thread that submits to it; does
     * not wait.
     *
     * @return 0, or the negative error number
     */
    static int boundWorkers(int ring, int most) {
        try (Arena arena = Arena.ofConfined()) {
            // The other number, 0, leaves alone those for sockets and the like.
            MemorySegment counts = arena.allocateFrom(ValueLayout.JAVA_INT, most, 0);
            return uringRegister(ring, Uring.REGISTER_IOWQ_MAX_WORKERS, counts.address(), 2);
        }
    }
}
