package io.solaster.engine.stats;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What the hypervisor has given to others while this machine had work, as {@code /proc/stat} told it at one moment; the
 * kernel counts in hundredths of a second. Does not change; any thread.
 */
final class StealTime {
    private static final Path STAT = Path.of("/proc/stat");
    private static final long TICK_NANOS = 10_000_000;
    private static final int STEAL_FIELD = 8;

    private final long[] byCpu;
    private final long mean;

    private StealTime(long[] byCpu, long mean) {
        this.byCpu = byCpu;
        this.mean = mean;
    }

    /** As it is now; takes some tens of microseconds, more on a large machine. */
    static StealTime read() {
        try {
            return parse(Files.readString(STAT, StandardCharsets.US_ASCII));
        } catch (IOException missing) {
            return parse("");
        }
    }

    static StealTime parse(String stat) {
        long[] byCpu = new long[0];
        long all = 0;
        for (String line : stat.split("\n", -1)) {
            String[] fields = line.split(" +", -1);
            if (!line.startsWith("cpu") || fields.length <= STEAL_FIELD) {
                break;
            }
            long nanos = Long.parseLong(fields[STEAL_FIELD]) * TICK_NANOS;
            if (fields[0].length() == 3) {
                all = nanos;
            } else {
                int cpu = Integer.parseInt(fields[0].substring(3));
                byCpu = Arrays.copyOf(byCpu, Math.max(byCpu.length, cpu + 1));
                byCpu[cpu] = nanos;
            }
        }
        return new StealTime(byCpu, all / Math.max(1, byCpu.length));
    }

    /** Nanoseconds taken from a CPU; the mean of all where it is none of them. */
    long nanos(int cpu) {
        return cpu >= 0 && cpu < byCpu.length ? byCpu[cpu] : mean;
    }
}
