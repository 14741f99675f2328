package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import com.sun.management.OperatingSystemMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;

/**
 * Random reads of 4 KiB with 64 of them outstanding: a shard's files beside a FileChannel on a pool, in turns. What holds on a
 * machine with neighbours is reads per second of CPU. Arguments: a directory, seconds a round, rounds, 'direct' to go past the
 * page cache (the pool reads through it all the same).
 */
final class FileReads {
    private static final int BLOCK = 4 << 10;
    private static final int BLOCKS = 64 << 10;
    private static final int OUTSTANDING = 64;
    private static final int POOL = 4;
    private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory
            .getOperatingSystemMXBean();

    private FileReads() {}

    /** Reads until it is time, and says how often. */
    private interface Way {
        long read(long untilNanos) throws Exception;
    }

    private record Figure(double perSecond, double perCpuSecond) {}

    static void main(String... args) throws Exception {
        Path file = Path.of(args.length > 0 ? args[0] : System.getProperty("java.io.tmpdir")).resolve("file-reads");
        int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 7;
        boolean direct = List.of(args).contains("direct");
        try {
            write(file);
            Map<String, Way> ways = new LinkedHashMap<>();
            List<AutoCloseable> opened = new ArrayList<>();
            pool(file, ways, opened);
            if (IoUring.isAvailable()) {
                shard(Transport.IO_URING, file, direct, ways, opened);
            }
            shard(Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO, file, direct, ways, opened);
            Map<String, List<Figure>> figures = new LinkedHashMap<>();
            for (int round = 0; round <= rounds; round++) {
                for (Map.Entry<String, Way> way : ways.entrySet()) {
                    Figure figure = measure(way.getValue(), seconds);
                    if (round > 0) {
                        figures.computeIfAbsent(way.getKey(), name -> new ArrayList<>()).add(figure);
                    }
                }
            }
            print(figures);
            for (AutoCloseable each : opened) {
                each.close();
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void write(Path file) throws IOException {
        ByteBuffer block = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (long at = 0; at < (long) BLOCK * BLOCKS; at += channel.write(block.rewind(), at)) {
                // On.
            }
            channel.force(true);
        }
    }

    private static Figure measure(Way way, int seconds) throws Exception {
        long cpu = PROCESS.getProcessCpuTime();
        long since = System.nanoTime();
        long reads = way.read(since + TimeUnit.SECONDS.toNanos(seconds));
        double took = (System.nanoTime() - since) / 1e9;
        return new Figure(reads / took, reads / ((PROCESS.getProcessCpuTime() - cpu) / 1e9));
    }

    private static void pool(Path file, Map<String, Way> ways, List<AutoCloseable> opened) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        ExecutorService pool = Executors.newFixedThreadPool(POOL);
        opened.add(channel);
        opened.add(pool);
        ways.put("FileChannel on " + POOL + " threads", until -> {
            CountDownLatch ended = new CountDownLatch(OUTSTANDING);
            PoolReader[] readers = new PoolReader[OUTSTANDING];
            for (int i = 0; i < OUTSTANDING; i++) {
                readers[i] = new PoolReader(channel, pool, until, ended, i);
                pool.execute(readers[i]);
            }
            ended.await();
            long reads = 0;
            for (PoolReader each : readers) {
                reads += each.reads;
            }
            return reads;
        });
    }

    /** One of the outstanding reads, again and again. */
    private static final class PoolReader implements Runnable {
        private final FileChannel channel;
        private final ExecutorService pool;
        private final long until;
        private final CountDownLatch ended;
        private final SplittableRandom random;
        private final ByteBuffer into = ByteBuffer.allocateDirect(BLOCK);
        /** Of one thread at a time. */
        private long reads;

        PoolReader(FileChannel channel, ExecutorService pool, long until, CountDownLatch ended, long seed) {
            this.channel = channel;
            this.pool = pool;
            this.until = until;
            this.ended = ended;
            this.random = new SplittableRandom(seed);
        }

        @Override
        public void run() {
            try {
                channel.read(into.clear(), (long) BLOCK * random.nextInt(BLOCKS));
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
            reads++;
            if (System.nanoTime() - until < 0) {
                pool.execute(this);
            } else {
                ended.countDown();
            }
        }
    }

    private static void shard(Transport transport, Path file, boolean direct, Map<String, Way> ways,
            List<AutoCloseable> opened) {
        Engine engine = Engine
                .start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER).withTransport(transport));
        opened.add(engine);
        ShardFile shardFile = engine.<ShardFile>submitStageTo(0, CallOptions.DEFAULTS, () -> {
            ShardFiles files = engine.shard(0).files();
            return direct ? files.openDirect(file, OpenMode.READ) : files.open(file, OpenMode.READ);
        }).join();
        ways.put("shard over " + transport.name().toLowerCase(Locale.ROOT)
                + (shardFile.isDirect() ? ", O_DIRECT" : ""),
                until -> engine.<Long>submitStageTo(0,
                        CallOptions.DEFAULTS, () -> new ShardReads(shardFile, until).begin()).join());
    }

    /** All outstanding reads of a shard. */
    private static final class ShardReads {
        private final ShardFile file;
        private final long until;
        private final SplittableRandom random = new SplittableRandom(1);
        private final CompletableFuture<Long> ended = new CompletableFuture<>();
        private int left = OUTSTANDING;
        private long reads;

        ShardReads(ShardFile file, long until) {
            this.file = file;
            this.until = until;
        }

        CompletableFuture<Long> begin() {
            for (int i = 0; i < OUTSTANDING; i++) {
                read(ShardFiles.aligned(BLOCK));
            }
            return ended;
        }

        private void read(ByteBuf into) {
            file.read(into.clear(), (long) BLOCK * random.nextInt(BLOCKS)).whenComplete((count, failure) -> {
                if (failure != null) {
                    ended.completeExceptionally(failure);
                    return;
                }
                reads++;
                if (System.nanoTime() - until < 0) {
                    read(into);
                } else {
                    into.release();
                    if (--left == 0) {
                        ended.complete(reads);
                    }
                }
            });
        }
    }

    private static void print(Map<String, List<Figure>> figures) {
        MarkdownTable table = new MarkdownTable("", "reads a second", "reads a second of CPU", "of the first");
        double first = median(figures.values().iterator().next().stream().map(Figure::perCpuSecond).toList());
        figures.forEach((name, all) -> {
            double perCpu = median(all.stream().map(Figure::perCpuSecond).toList());
            table.row(name, number(median(all.stream().map(Figure::perSecond).toList())), number(perCpu),
                    String.format(Locale.ROOT, "%.2f", perCpu / first));
        });
        System.out.println(table);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
