package io.solaster.engine.stats;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * How long a thread has been ready to run while its CPU did something else, in nanoseconds: the second number of
 * {@code /proc/self/task/TID/schedstat}. Where the kernel was built without that, an estimate: from one reading to the
 * next, what a thread that is found running did not get of the time; the longer between readings, the worse. Where there
 * is no {@code /proc}, 0. Stays where it was once the thread has ended. Any thread; takes some microseconds.
 */
final class RunDelay implements LongSupplier {
    private static final Path TASKS = Path.of("/proc/self/task");

    private final byte[] text = new byte[512];
    private final LongSupplier clock;
    private final LongSupplier cpuNanos;
    private final boolean exact;
    private @Nullable RandomAccessFile file;
    private long delay;
    private long readAt;
    private long cpuAt;

    /** @param cpuNanos CPU time that the thread has used, for the estimate */
    RunDelay(Path task, LongSupplier clock, LongSupplier cpuNanos) {
        this.clock = clock;
        this.cpuNanos = cpuNanos;
        RandomAccessFile opened = open(task.resolve("schedstat"));
        this.exact = opened != null;
        this.file = exact ? opened : open(task.resolve("stat"));
        this.readAt = clock.getAsLong();
        this.cpuAt = exact ? 0 : cpuNanos.getAsLong();
    }

    static RunDelay of(int tid, Thread thread) {
        long id = thread.threadId();
        return new RunDelay(TASKS.resolve(Integer.toString(tid)), System::nanoTime,
                () -> ManagementFactory.getThreadMXBean().getThreadCpuTime(id));
    }

    private static @Nullable RandomAccessFile open(Path path) {
        try {
            // Unlike a channel, it stays open when its reader is interrupted.
            return new RandomAccessFile(path.toFile(), "r");
        } catch (IOException missing) {
            return null;
        }
    }

    @Override
    public synchronized long getAsLong() {
        RandomAccessFile source = file;
        if (source != null) {
            try {
                source.seek(0);
                int length = source.read(text);
                if (exact) {
                    delay = secondNumber(length);
                } else {
                    estimate(length);
                }
            } catch (IOException ended) {
                close(source);
            }
        }
        return delay;
    }

    private void close(RandomAccessFile source) {
        file = null;
        try {
            source.close();
        } catch (IOException e) {
            // It was open for reading only.
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

    private void estimate(int length) {
        long now = clock.getAsLong();
        long cpu = cpuNanos.getAsLong();
        String stat = new String(text, 0, Math.max(0, length), StandardCharsets.US_ASCII);
        // The state follows the name, which may hold parentheses of its own.
        if (stat.startsWith("R", stat.lastIndexOf(')') + 2)) {
            delay += Math.max(0, now - readAt - (cpu - cpuAt));
        }
        readAt = now;
        cpuAt = cpu;
    }
}
