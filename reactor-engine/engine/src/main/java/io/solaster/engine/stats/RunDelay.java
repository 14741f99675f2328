package io.solaster.engine.stats;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;

import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;

/**
 * How long a thread has been ready to run while its CPU did something else, in nanoseconds: the second number of
 * {@code /proc/self/task/TID/schedstat}. The kernel adds to it when the thread gets its CPU back, and some are built
 * without it; so a reader that knows the thread had work all the time has what is missing estimated: what a thread that
 * is ready has neither used nor been told to have waited. Stays where it was once the thread has ended. Any thread;
 * takes some microseconds.
 */
final class RunDelay implements LongSupplier, AutoCloseable {
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final long WORTH_A_LOOK = 1_000_000;

    private final byte[] text = new byte[64];
    private final Path stat;
    private final LongSupplier clock;
    private final LongSupplier cpuNanos;
    private @Nullable RandomAccessFile schedstat;
    private long delay;
    private long estimated;
    private long total;
    private long readAt;
    private long cpuAt;

    /** @param cpuNanos CPU time that the thread has used */
    RunDelay(Path task, LongSupplier clock, LongSupplier cpuNanos) {
        this.stat = task.resolve("stat");
        this.clock = clock;
        this.cpuNanos = cpuNanos;
        try {
            // Unlike a channel, it stays open when its reader is interrupted.
            this.schedstat = new RandomAccessFile(task.resolve("schedstat").toFile(), "r");
        } catch (IOException missing) {
            this.schedstat = null;
        }
        getAsLong();
    }

    /** By the machine's clock, which the kernel's figures go by. */
    static RunDelay of(int tid, Thread thread) {
        long id = thread.threadId();
        return new RunDelay(TASKS.resolve(Integer.toString(tid)), TimeSource.SYSTEM::nanoTime,
                () -> ManagementFactory.getThreadMXBean().getThreadCpuTime(id));
    }

    /** As the kernel tells it. */
    @Override
    public synchronized long getAsLong() {
        readAt = clock.getAsLong();
        cpuAt = cpuNanos.getAsLong();
        advance();
        return total;
    }

    /** The same, for a thread that has had work ever since the last reading. */
    synchronized long whileBusy() {
        long now = clock.getAsLong();
        long cpu = cpuNanos.getAsLong();
        long missing = now - readAt - (cpu - cpuAt) - advance();
        readAt = now;
        cpuAt = cpu;
        if (missing > WORTH_A_LOOK && isReady()) {
            total += missing;
            estimated += missing;
        }
        return total;
    }

    /** How much the kernel has added; what was estimated before is part of that. */
    private long advance() {
        long more = read() - delay;
        delay += more;
        if (more > 0) {
            total += Math.max(0, more - estimated);
            estimated = 0;
        }
        return more;
    }

    private long read() {
        RandomAccessFile file = schedstat;
        if (file == null) {
            return delay;
        }
        try {
            file.seek(0);
            return Math.max(delay, secondNumber(file.read(text)));
        } catch (IOException ended) {
            close();
            return delay;
        }
    }

    /** From here on it stays where it is. */
    @Override
    public synchronized void close() {
        RandomAccessFile file = schedstat;
        schedstat = null;
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                // It was open for reading only.
            }
        }
    }

    private long secondNumber(int length) {
        int at = 0;
        while (at < length && text[at] != ' ') {
            at++;
        }
        long number = 0;
        for (at++; at < length && text[at] >= '0' && text[at] <= '9'; at++) {
            number = number * 10 + text[at] - '0';
        }
        return number;
    }

    private boolean isReady() {
        try {
            String line = Files.readString(stat, StandardCharsets.ISO_8859_1);
            // The state follows the name, which may hold parentheses of its own.
            return line.startsWith("R", line.lastIndexOf(')') + 2);
        } catch (IOException ended) {
            return false;
        }
    }
}
