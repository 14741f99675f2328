package io.solaster.engine.file;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures what a disk gives, and prints it as the limits of {@code solaster.engine.files}: {@code java -cp solaster-engine.jar
 * io.solaster.engine.file.MeasureDisk DIRECTORY [seconds [megabytes]]}. It makes one file in that directory, reads and writes it
 * past the page cache for so many seconds four times over (5 each), and removes it. It refuses to touch what is there, or a
 * file system that has no way past its cache, where it would measure memory. A disk with neighbours is disturbed meanwhile, so no
 * engine does this by itself.
 */
public final class MeasureDisk {
    private static final String NAME = "solaster-measure-disk.tmp";
    private static final int SMALL = 4 << 10;
    private static final int LARGE = 1 << 20;
    /** Operations at once. */
    private static final int THREADS = 32;
    private static final int MOST_SECONDS = 60;
    private static final int LEAST_MEGABYTES = 16;

    private final FileChannel channel;
    private final long size;

    private MeasureDisk(FileChannel channel, long size) {
        this.channel = channel;
        this.size = size;
    }

    /**
     * Runs the command, and ends the process.
     *
     * @param arguments a directory, seconds for each of four parts from 1 to 60, megabytes of the file from 16 on
     */
    public static void main(String... arguments) {
        try {
            System.exit(run(System.out, arguments) ? 0 : 2);
        } catch (IOException | RuntimeException failure) {
            System.err.println("The disk could not be measured: " + failure);
            System.exit(1);
        }
    }

    /** Whether there was anything to be done. */
    static boolean run(PrintStream out, String... arguments) throws IOException {
        if (arguments.length < 1 || arguments.length > 3) {
            out.println("MeasureDisk DIRECTORY [seconds for each of four parts (5) [megabytes (1024)]]");
            return false;
        }
        Path directory = Path.of(arguments[0]);
        int seconds = arguments.length > 1 ? number(arguments[1], 1, MOST_SECONDS) : 5;
        int megabytes = arguments.length > 2 ? number(arguments[2], LEAST_MEGABYTES, 1 << 20) : 1 << 10;
        out.print(measure(directory, Duration.ofSeconds(seconds), (long) megabytes << 20));
        return true;
    }

    private static int number(String text, int from, int to) {
        try {
            int number = Integer.parseInt(text);
            if (number >= from && number <= to) {
                return number;
            }
        } catch (NumberFormatException noNumber) {
            // As one that is out of range.
        }
        throw new IllegalArgumentException("'" + text + "': write a number from " + from + " to " + to);
    }

    /**
     * Measures for four times as long, and then some to fill the file.
     *
     * @param size of the file that is made and removed
     * @return the lines of YAML
     * @throws FileAlreadyExistsException if a file of that name is there
     */
    static String measure(Path directory, Duration each, long size) throws IOException {
        Path file = directory.resolve(NAME);
        long room = Files.getFileStore(directory).getUsableSpace();
        if (room < size + size / 4) {
            throw new IOException(
                    directory + " has room for " + room + " bytes, and " + size + " are to be written; ask for less");
        }
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException there) {
            throw new FileAlreadyExistsException(file.toString(), null,
                    "it is not overwritten; remove it, or name another directory");
        }
        Thread remover = new Thread(() -> remove(file));
        Runtime.getRuntime().addShutdownHook(remover);
        try {
            FileChannel opened = ChannelDisk.direct(file, OpenMode.WRITE);
            if (opened == null) {
                throw new IOException(directory
                        + " is on a file system that has no way past the page cache (O_DIRECT); name one of a disk");
            }
            try (opened) {
                return new MeasureDisk(opened, size / LARGE * LARGE).measure(directory, each);
            }
        } finally {
            remove(file);
            Runtime.getRuntime().removeShutdownHook(remover);
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException left) {
            System.err.println("It is left behind: " + file + " (" + left + ")");
        }
    }

    private String measure(Path directory, Duration each) throws IOException {
        ByteBuffer zeros = aligned(LARGE);
        for (long at = 0; at < size; at += LARGE) {
            channel.write(zeros.rewind(), at);
        }
        channel.force(true);
        double writeBytes = LARGE * perSecond(each, LARGE, false);
        double readBytes = LARGE * perSecond(each, LARGE, true);
        double writes = perSecond(each, SMALL, false);
        double reads = perSecond(each, SMALL, true);
        return String.format(Locale.ROOT, """
                # measured in %s: %d MiB, %d operations at once
                solaster:
                  engine:
                    files:
                      limits:
                        read-bytes-per-second: %dMB
                        write-bytes-per-second: %dMB
                        reads-per-second: %d
                        writes-per-second: %d
                """, directory.toAbsolutePath(), size >> 20, THREADS, megabytes(readBytes), megabytes(writeBytes),
                Math.max(1, (long) reads), Math.max(1, (long) writes));
    }

    private static long megabytes(double bytes) {
        return Math.max(1, (long) bytes >> 20);
    }

    /** Operations in a second, by all threads, at random places. */
    private double perSecond(Duration time, int block, boolean reads) throws IOException {
        long since = System.nanoTime();
        long until = since + time.toNanos();
        long count = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Long>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom random = new SplittableRandom(i);
                all.add(threads.submit(() -> count(random, until, block, reads)));
            }
            for (Future<Long> each : all) {
                count += each.get();
            }
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", stopped);
        }
        return count * 1e9 / (System.nanoTime() - since);
    }

    private long count(SplittableRandom random, long until, int block, boolean reads) throws IOException {
        ByteBuffer memory = aligned(block);
        long count = 0;
        for (; System.nanoTime() - until < 0; count++) {
            long place = block * random.nextLong(size / block);
            if (reads) {
                channel.read(memory.clear(), place);
            } else {
                channel.write(memory.clear(), place);
            }
        }
        return count;
    }

    private static ByteBuffer aligned(int bytes) {
        return ByteBuffer.allocateDirect(bytes + ShardFiles.ALIGNMENT).alignedSlice(ShardFiles.ALIGNMENT).limit(bytes);
    }
}
