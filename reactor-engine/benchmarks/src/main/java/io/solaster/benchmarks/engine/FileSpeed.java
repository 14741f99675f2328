package io.solaster.benchmarks.engine;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
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
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.management.OperatingSystemMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.FilesConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import org.jspecify.annotations.Nullable;

/**
 * A file read at random by 4 KiB, or written from its beginning to its end by 64 KiB, with 64 operations outstanding: by a shard,
 * by a FileChannel on a pool, and by fio, in turns. What holds on a machine with neighbours is operations per second of CPU.
 * Arguments: a directory, seconds a round, rounds, 'write', 'direct' to go past the page cache (the pool goes through it all the
 * same), and 'only=' with a part of the names of those to be measured.
 *
 * <p>
 * The pool's answers go back to the one thread that has asked, which asks for the next: as from an event loop, and as a shard does
 * it. Beside it stands a pool whose threads ask for the next themselves, which answers nobody.
 */
final class FileSpeed {
    private static final long SIZE = 256 << 20;
    private static final int OUTSTANDING = 64;
    private static final int POOL = 4;
    private static final String ONLY = "only=";
    private static final OperatingSystemMXBean PROCESS = (OperatingSystemMXBean) ManagementFactory
            .getOperatingSystemMXBean();

    private final Path file;
    private final boolean writes;
    private final boolean direct;
    private final int block;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Map<String, Way> ways = new LinkedHashMap<>();

    private FileSpeed(Path file, boolean writes, boolean direct) {
        this.file = file;
        this.writes = writes;
        this.direct = direct;
        this.block = writes ? 64 << 10 : 4 << 10;
    }

    /** Reads or writes for some seconds. */
    private interface Way {
        Figure run(int seconds) throws Exception;
    }

    /** Goes on until it is time, and says how often. */
    private interface Load {
        long run(long untilNanos) throws Exception;
    }

    private record Figure(double perSecond, double perCpuSecond) {}

    static void main(String... args) throws Exception {
        Path directory = Path.of(args.length > 0 ? args[0] : System.getProperty("java.io.tmpdir"));
        int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        int rounds = args.length > 2 ? Integer.parseInt(args[2]) : 7;
        Path file = Files.createTempFile(directory, "file-speed", "");
        try {
            String only = List.of(args).stream().filter(each -> each.startsWith(ONLY)).findFirst().orElse(ONLY);
            new FileSpeed(file, List.of(args).contains("write"), List.of(args).contains("direct")).run(seconds, rounds,
                    only.substring(ONLY.length()));
        } finally {
            Files.delete(file);
        }
    }

    private void run(int seconds, int rounds, String only) throws Exception {
        fill();
        pool();
        shards();
        fio();
        ways.keySet().removeIf(name -> !name.contains(only));
        Map<String, List<Figure>> figures = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<String, Way> way : ways.entrySet()) {
                Figure figure = way.getValue().run(seconds);
                if (round > 0) {
                    figures.computeIfAbsent(way.getKey(), name -> new ArrayList<>()).add(figure);
                }
            }
        }
        print(figures);
        for (AutoCloseable each : opened) {
            each.close();
        }
    }

    private void fill() throws IOException {
        ByteBuffer some = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (long at = 0; at < SIZE; at += channel.write(some.rewind(), at)) {
                // On.
            }
            channel.force(true);
        }
    }

    /** Where the next operations go. One thread. */
    private LongSupplier places(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int blocks = (int) (SIZE / block);
        int[] next = {-1};
        return writes
                ? () -> (long) block * (next[0] = (next[0] + 1) % blocks)
                : () -> (long) block * random.nextInt(blocks);
    }

    private void here(String name, Load load) {
        ways.put(name, seconds -> {
            long cpu = PROCESS.getProcessCpuTime();
            long since = System.nanoTime();
            long count = load.run(since + TimeUnit.SECONDS.toNanos(seconds));
            double took = (System.nanoTime() - since) / 1e9;
            return new Figure(count / took, count / ((PROCESS.getProcessCpuTime() - cpu) / 1e9));
        });
    }

    private void pool() throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        ExecutorService pool = Executors.newFixedThreadPool(POOL);
        ExecutorService caller = Executors.newSingleThreadExecutor();
        opened.addAll(List.of(channel, pool, caller));
        here("FileChannel on " + POOL + " threads, answering one", until -> onPool(channel, pool, caller, until));
        here("FileChannel on " + POOL + " threads, answering nobody", until -> onPool(channel, pool, null, until));
    }

    private long onPool(FileChannel channel, Executor pool, @Nullable Executor caller, long until) throws Exception {
        CountDownLatch ended = new CountDownLatch(OUTSTANDING);
        PoolUser[] users = new PoolUser[OUTSTANDING];
        LongSupplier shared = places(1);
        for (int i = 0; i < OUTSTANDING; i++) {
            users[i] = new PoolUser(channel, pool, caller, until, ended, caller == null ? places(i) : shared);
        }
        if (caller == null) {
            for (PoolUser each : users) {
                each.ask();
            }
        } else {
            caller.execute(() -> {
                for (PoolUser each : users) {
                    each.ask();
                }
            });
        }
        ended.await();
        long count = 0;
        for (PoolUser each : users) {
            count += each.count;
        }
        return count;
    }

    /** One of the outstanding operations, again and again. */
    private final class PoolUser {
        private final FileChannel channel;
        private final Executor pool;
        private final @Nullable Executor caller;
        private final long until;
        private final CountDownLatch ended;
        private final LongSupplier places;
        private final ByteBuffer memory = ByteBuffer.allocateDirect(block);
        /** Of one thread at a time. */
        private long count;

        PoolUser(FileChannel channel, Executor pool, @Nullable Executor caller, long until, CountDownLatch ended,
                LongSupplier places) {
            this.channel = channel;
            this.pool = pool;
            this.caller = caller;
            this.until = until;
            this.ended = ended;
            this.places = places;
        }

        void ask() {
            long place = places.getAsLong();
            pool.execute(() -> {
                work(place);
                if (caller == null) {
                    answered();
                } else {
                    caller.execute(this::answered);
                }
            });
        }

        private void work(long place) {
            try {
                memory.clear();
                if (writes) {
                    channel.write(memory, place);
                } else {
                    channel.read(memory, place);
                }
            } catch (IOException failure) {
                throw new IllegalStateException(failure);
            }
        }

        private void answered() {
            count++;
            if (System.nanoTime() - until < 0) {
                ask();
            } else {
                ended.countDown();
            }
        }
    }

    private void shards() {
        if (IoUring.isAvailable()) {
            shard(Transport.IO_URING, FilesConfig.Access.AUTO);
        }
        if (Epoll.isAvailable()) {
            shard(Transport.EPOLL, FilesConfig.Access.AUTO);
        }
        shard(Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO, FilesConfig.Access.THREADS);
    }

    private void shard(Transport transport, FilesConfig.Access access) {
        FilesConfig usual = FilesConfig.defaults();
        EngineConfig config = EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER).withTransport(transport)
                .withFiles(usual.withAccess(access));
        Engine engine = Engine.start(config);
        opened.add(engine);
        ShardFile shardFile = engine.<ShardFile>submitStageTo(0, CallOptions.DEFAULTS, () -> {
            ShardFiles files = engine.shard(0).files();
            return direct ? files.openDirect(file, OpenMode.WRITE) : files.open(file, OpenMode.WRITE);
        }).join();
        here("shard over " + transport.name().toLowerCase(Locale.ROOT)
                + (access == FilesConfig.Access.THREADS ? ", by threads" : ", by a ring")
                + (shardFile.isDirect() ? ", O_DIRECT" : ""),
                until -> engine.<Long>submitStageTo(0, CallOptions.DEFAULTS,
                        () -> new ShardUser(shardFile, until).begin()).join());
    }

    /** All outstanding operations of a shard. */
    private final class ShardUser {
        private final ShardFile of;
        private final long until;
        private final LongSupplier places = places(1);
        private final CompletableFuture<Long> ended = new CompletableFuture<>();
        private int left = OUTSTANDING;
        private long count;

        ShardUser(ShardFile of, long until) {
            this.of = of;
            this.until = until;
        }

        CompletableFuture<Long> begin() {
            for (int i = 0; i < OUTSTANDING; i++) {
                ask(ShardFiles.aligned(block));
            }
            return ended;
        }

        private void ask(ByteBuf memory) {
            CompletableFuture<?> asked = writes
                    ? of.write(memory.setIndex(0, block).retain(), places.getAsLong())
                    : of.read(memory.clear(), places.getAsLong());
            asked.whenComplete((done, failure) -> {
                if (failure != null) {
                    ended.completeExceptionally(failure);
                    return;
                }
                count++;
                if (System.nanoTime() - until < 0) {
                    ask(memory);
                } else {
                    memory.release();
                    if (--left == 0) {
                        ended.complete(count);
                    }
                }
            });
        }
    }

    private void fio() {
        try {
            if (new ProcessBuilder("fio", "--version").start().waitFor() != 0) {
                throw new IOException("it fails");
            }
        } catch (IOException | InterruptedException missing) {
            System.out.println("fio is not there and is left out (" + missing.getMessage() + "); apt-get install fio");
            return;
        }
        ways.put("fio, its io_uring engine", this::fio);
    }

    private Figure fio(int seconds) throws Exception {
        Process fio = new ProcessBuilder("fio", "--name=beside", "--filename=" + file, "--size=" + SIZE,
                "--ioengine=io_uring", "--iodepth=" + OUTSTANDING, "--bs=" + block, "--direct=" + (direct ? 1 : 0),
                "--rw=" + (writes ? "write" : "randread"), "--invalidate=0", "--norandommap", "--time_based",
                "--runtime=" + seconds, "--output-format=json").redirectErrorStream(true).start();
        String said;
        try (InputStream output = fio.getInputStream()) {
            said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (fio.waitFor() != 0) {
            throw new IOException("fio failed: " + said);
        }
        double perSecond = number(said.substring(said.indexOf(writes ? "\"write\" :" : "\"read\" :")), "iops");
        return new Figure(perSecond, perSecond * 100 / (number(said, "usr_cpu") + number(said, "sys_cpu")));
    }

    private static double number(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\" : ([0-9.]+)").matcher(json);
        if (!found.find()) {
            throw new IllegalStateException("fio says nothing of " + name);
        }
        return Double.parseDouble(found.group(1));
    }

    private void print(Map<String, List<Figure>> figures) {
        MarkdownTable table = new MarkdownTable("", writes ? "MB a second" : "reads a second",
                writes ? "MB a second of CPU" : "reads a second of CPU", "of the first");
        double first = median(figures.values().iterator().next().stream().map(Figure::perCpuSecond).toList());
        double unit = writes ? block / 1e6 : 1;
        figures.forEach((name, all) -> {
            double perCpu = median(all.stream().map(Figure::perCpuSecond).toList());
            table.row(name, number(unit * median(all.stream().map(Figure::perSecond).toList())), number(unit * perCpu),
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
