package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux counts about a process. */
public final class ProcFs {
    /** Of the fields behind the name. */
    private static final int USER_TIME = 11;
    private static final long NANOS_PER_TICK = 10_000_000;

    private ProcFs() {}

    /**
     * CPU time of a process in nanoseconds: the sum over its threads, which the scheduler counts exactly, where the sum
     * for the process comes in ticks of 10 ms.
     */
    public static long cpuNanos(long pid) {
        long sum = 0;
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks) {
                try {
                    String times = Files.readString(task.resolve("schedstat"));
                    sum += Long.parseLong(times, 0, times.indexOf(' '), 10);
                } catch (IOException ignored) {
                    // The thread has ended meanwhile.
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("process " + pid + " has ended", e);
        }
        return sum;
    }

    /**
     * CPU time of a process outside the kernel, in nanoseconds; known to 10 ms, and sampled where the kernel does not
     * count each change of mode.
     */
    public static long userNanos(long pid) {
        String line = line("/proc/" + pid + "/stat");
        // The name, in parentheses, may hold spaces.
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[USER_TIME]) * NANOS_PER_TICK;
    }

    /** Resident memory of a process in bytes. */
    public static long residentBytes(long pid) {
        return 1024 * Long.parseLong(field("/proc/" + pid + "/status", "VmRSS").replace("kB", "").strip());
    }

    /**
     * Memory of a process in bytes, where pages that several share count by parts: the sum over a process and what it has
     * forked is what they take together. 0 if it has ended.
     */
    public static long ownBytes(long pid) {
        try {
            String field = field("/proc/" + pid + "/smaps_rollup", "Pss");
            return field.isEmpty() ? 0 : 1024 * Long.parseLong(field.replace("kB", "").strip());
        } catch (UncheckedIOException ended) {
            return 0;
        }
    }

    /** The first value of a key in one of the kernel's lists of keys and values; empty if there is none. */
    public static String field(String file, String key) {
        try {
            for (String line : Files.readAllLines(Path.of(file))) {
                int colon = line.indexOf(':');
                if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
                    return line.substring(colon + 1).strip();
                }
            }
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file of one line; a dash if it cannot be read. */
    public static String line(String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return "–";
        }
    }
}
