package io.solaster.testkit.chaos;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What Linux does to a process: signals and limits. Any thread. */
final class Signals {
    static final int CONT = 18;
    static final int STOP = 19;
    /** How many descriptors, RLIMIT_NOFILE. */
    static final int DESCRIPTORS = 7;
    /** How long files may grow, RLIMIT_FSIZE. */
    static final int FILE_SIZE = 1;

    private static final MethodHandle KILL = downcall("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle PRLIMIT = downcall("prlimit",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle PRCTL = downcall("prctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final int SET_PARENT_DEATH_SIGNAL = 1;
    private static final long KILLED = 9;

    private Signals() {}

    private static MethodHandle downcall(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }

    /** Whether the system has them. */
    static boolean isLinux() {
        return System.getProperty("os.name", "").startsWith("Linux");
    }

    static void send(long pid, int signal) throws IOException {
        int result;
        try {
            result = (int) KILL.invokeExact((int) pid, signal);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (result != 0) {
            throw new IOException("signal " + signal + " to child " + pid + " was refused");
        }
    }

    /**
     * Sets a soft limit.
     *
     * @return what it was before
     */
    static long limit(long pid, int resource, long newLimit) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limits = arena.allocate(16, 8);
            prlimit(pid, resource, MemorySegment.NULL, limits);
            long before = limits.get(ValueLayout.JAVA_LONG, 0);
            limits.set(ValueLayout.JAVA_LONG, 0, newLimit);
            prlimit(pid, resource, limits, MemorySegment.NULL);
            return before;
        }
    }

    private static void prlimit(long pid, int resource, MemorySegment now, MemorySegment before) throws IOException {
        int result;
        try {
            result = (int) PRLIMIT.invokeExact((int) pid, resource, now, before);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (result != 0) {
            throw new IOException("limit " + resource + " of child " + pid + " cannot be read or set");
        }
    }

    /** This process is killed when the thread that started it ends. */
    static void dieWithParent() {
        try {
            int ignored = (int) PRCTL.invokeExact(SET_PARENT_DEATH_SIGNAL, KILLED, 0L, 0L, 0L);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
