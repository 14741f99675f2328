package io.solaster.engine.os;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

import com.sun.jna.LastErrorException;
import io.solaster.config.value.CpuSet;
import net.openhft.affinity.impl.LinuxHelper;

/**
 * Which CPUs a thread runs on. For platform threads; any thread may call.
 *
 * <p>
 * Written through OpenHFT's system calls and not its {@code Affinity}, which turns into an object that does nothing
 * where native code cannot be reached. Read from {@code /proc}, so that what is reported is what the kernel does; the
 * thread's number also comes from there, since OpenHFT asks for it by the x86 number of the call on every machine and
 * remembers it per virtual thread.
 */
public final class CpuAffinity {
    private static final int EPERM = 1;
    private static final int ESRCH = 3;
    private static final int EINVAL = 22;
    /** Where OpenHFT's mask ends. */
    private static final int MAX_CPUS = 1024;
    private static final String UNPINNED = "set solaster.engine.pinning to 'never'";

    private CpuAffinity() {}

    /** Asked once, when first needed, since it loads native code. */
    private static final class Answer {
        static final Optional<String> UNAVAILABLE = ask();
    }

    /**
     * Why threads cannot be placed on CPUs here and what to do about it, or empty where they can. The first call loads
     * JNA, which takes some ten milliseconds.
     */
    public static Optional<String> unavailable() {
        return Answer.UNAVAILABLE;
    }

    /** The CPUs that the calling thread may run on; on systems other than Linux, as many as the JVM counts. */
    public static CpuSet current() {
        CpuSet cpus = read("/proc/thread-self/status");
        return cpus.isEmpty() ? MachineProbe.anyCpus() : cpus;
    }

    /**
     * Binds the calling thread to one CPU. Threads that it creates from now on inherit that.
     *
     * @throws IllegalArgumentException if there can be no CPU of that number
     * @throws IllegalStateException if the kernel does not have it so, or the calling thread is a virtual one
     */
    public static void pin(int cpu) {
        CpuSet wanted = CpuSet.of(cpu);
        set(wanted);
        CpuSet now = current();
        if (!now.equals(wanted)) {
            throw new IllegalStateException(
                    refused(0, wanted) + "the kernel took the call and keeps the thread on " + now
                            + "; " + UNPINNED);
        }
    }

    /**
     * Lets the calling thread run on these CPUs only; the kernel leaves out those beyond the process's cpuset.
     *
     * @throws IllegalStateException if none of them is left, the system forbids it, or the calling thread is a virtual
     *         one
     */
    public static void set(CpuSet cpus) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException(refused(0, cpus) + "it is virtual, and its carrier is not its own; "
                    + "call from a platform thread");
        }
        set(0, cpus);
    }

    /**
     * The kernel's number of the calling thread; a virtual thread is told its carrier's of this moment.
     *
     * @return -1 on systems other than Linux
     */
    public static int threadId() {
        try {
            Path link = Files.readSymbolicLink(Path.of("/proc/thread-self"));
            return Integer.parseInt(link.getFileName().toString());
        } catch (IOException | NumberFormatException e) {
            return -1;
        }
    }

    /**
     * Lets a thread of this process run on these CPUs only.
     *
     * @param tid the kernel's number of it; 0 is the calling thread
     * @return whether there is such a thread
     * @throws IllegalStateException if there is, and the kernel refuses
     */
    static boolean set(int tid, CpuSet cpus) {
        Optional<String> unavailable = unavailable();
        if (unavailable.isPresent()) {
            throw new IllegalStateException(refused(tid, cpus) + unavailable.get());
        }
        int errno = write(tid, cpus);
        if (errno == ESRCH) {
            return false;
        }
        if (errno == EINVAL) {
            throw new IllegalStateException(refused(tid, cpus) + "the process may use CPUs "
                    + MachineProbe.allowed(KernelFiles.LIVE) + "; choose among those, or widen its cpuset");
        }
        if (errno != 0) {
            throw new IllegalStateException(refused(tid, cpus) + forbidden(errno));
        }
        return true;
    }

    /** The CPUs that a thread of this process may run on; none if there is no such thread. */
    static CpuSet of(int tid) {
        return read("/proc/self/task/" + tid + "/status");
    }

    private static CpuSet read(String status) {
        return KernelFiles.cpuList(KernelFiles.field(KernelFiles.LIVE.text(status), "Cpus_allowed_list:"));
    }

    private static Optional<String> ask() {
        String system = System.getProperty("os.name", "");
        if (!system.startsWith("Linux")) {
            return Optional.of("threads are pinned on Linux only, and this is " + system + "; " + UNPINNED);
        }
        try {
            // An empty set is refused as invalid by whoever would accept another one, and changes nothing.
            int errno = write(0, CpuSet.EMPTY);
            return errno == 0 || errno == EINVAL ? Optional.empty() : Optional.of(forbidden(errno));
        } catch (LinkageError | RuntimeException e) {
            return Optional.of(why(e));
        }
    }

    /** The error number of the call, or 0. */
    private static int write(int tid, CpuSet cpus) {
        if (cpus.toBitSet().length() > MAX_CPUS) {
            return EINVAL;
        }
        try {
            LinuxHelper.sched_setaffinity(tid, cpus.toBitSet());
            return 0;
        } catch (IllegalStateException e) {
            if (e.getCause() instanceof LastErrorException error) {
                return error.getErrorCode();
            }
            throw e;
        }
    }

    private static String why(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            // A class that has failed before is reported by another error, which has the first one's name in its text.
            if (e instanceof IllegalCallerException
                    || String.valueOf(e.getMessage()).contains("IllegalCallerException")) {
                return "the JVM denies native access; start it with --enable-native-access=ALL-UNNAMED";
            }
            if (e instanceof ClassNotFoundException) {
                return "JNA is not on the class path (" + e.getMessage()
                        + "); add net.java.dev.jna:jna and jna-platform";
            }
        }
        return "JNA cannot load its native library (" + failure + "); if the temporary directory forbids execution, "
                + "set -Djna.tmpdir to one that does not";
    }

    private static String forbidden(int errno) {
        return "the system forbids sched_setaffinity (" + (errno == EPERM ? "EPERM" : "errno " + errno)
                + "); allow it in the container's seccomp profile, or " + UNPINNED;
    }

    private static String refused(int tid, CpuSet cpus) {
        String thread = tid == 0 ? "'" + Thread.currentThread().getName() + "'" : String.valueOf(tid);
        return "cannot put thread " + thread + " on " + (cpus.size() == 1 ? "CPU " : "CPUs ") + cpus + ": ";
    }
}
