package io.solaster.benchmarks.store;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;

/**
 * How long each collector stops the shards: the same live data as an object per key, and as the store keeps it, outside
 * the heap. Each case is a JVM of its own whose safepoint log is read.
 */
public final class GcPauses implements Measure {
    private static final List<String> COLLECTORS = List.of("Serial", "Parallel", "G1", "Z");
    private static final List<String> SMALL_HEAPS = List.of("64m", "256m", "2g");
    private static final int MOST_SECONDS = 300;
    private static final int VALUE_BYTES = 64;
    /** What the rest of a service allocates beside the shards, and how much of it is alive at a time. */
    private static final int GARBAGE_PER_SECOND = 100 << 20;
    private static final int GARBAGE_ALIVE = 8 << 20;
    private static final int GARBAGE_SIZE = 1024;
    private static final int OVERWRITES_PER_SECOND = 400_000;
    private static final int TICKS_PER_SECOND = 1000;
    private static final String FROM = "measured from ";
    private static final Pattern SAFEPOINT = Pattern.compile("\\[(\\d+)ns\\] Safepoint \"([^\"]+)\".*"
            + "Reaching safepoint: +(\\d+) ns.* Total: +(\\d+) ns");

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        report.section("Pauses by collector (`pauses`)", options.manyKeys() + " keys with values of 64 bytes, "
                + OVERWRITES_PER_SECOND + " overwrites/s as objects, a pipelining client where the store holds them; "
                + (GARBAGE_PER_SECOND >> 20) + " MB/s of garbage beside it; " + options.seconds()
                + " s; all shards stand still in a pause.");
        MarkdownTable table = new MarkdownTable("keys", "collector", "heap", "pauses", "in pauses", "longest",
                "longest way to a safepoint");
        String largeHeap = Math.max(256, options.manyKeys() * 300 >> 20) + "m";
        for (String collector : COLLECTORS) {
            run(workplace, table, "an object each", collector, largeHeap);
        }
        for (String heap : SMALL_HEAPS) {
            for (String collector : COLLECTORS) {
                run(workplace, table, "off the heap", collector, heap);
            }
        }
        report.table(table);
    }

    private static void run(Workplace workplace, MarkdownTable table, String live, String collector, String heap)
            throws IOException, InterruptedException {
        Options options = workplace.options();
        Report.progress("pauses: " + live + ", " + collector + ", " + heap);
        Path log = workplace.file("safepoint.log");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-XX:+Use" + collector + "GC", "-Xms" + heap, "-Xmx" + heap,
                "-XX:+AlwaysPreTouch", "-Xlog:safepoint:file=" + log + ":uptimenanos:filecount=0", "-cp",
                System.getProperty("java.class.path"), GcPauses.class.getName(),
                live.startsWith("off") ? "store" : "objects", Long.toString(options.manyKeys()),
                Integer.toString(options.seconds())));
        String out;
        try {
            out = Children.run(workplace.bothCpus(), workplace.file("pauses"), MOST_SECONDS, command);
        } catch (IOException e) {
            table.row(live, collector, heap, "failed: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    "", "", "");
            return;
        }
        long from = out.lines().filter(line -> line.startsWith(FROM))
                .mapToLong(line -> Long.parseLong(line.substring(FROM.length()))).findFirst().orElseThrow();
        Pauses pauses = read(Files.readAllLines(log), from);
        table.row(live, collector, heap, Long.toString(pauses.count), millis(pauses.total), millis(pauses.longest),
                millis(pauses.longestReach));
        Files.delete(log);
    }

    private static String millis(long nanos) {
        return Statistics.digits(nanos / 1e6) + " ms";
    }

    /** Sums of a safepoint log. */
    record Pauses(long count, long total, long longest, long longestReach) {}

    /** Reads a log of {@code -Xlog:safepoint} with {@code uptimenanos}, from a time on. */
    static Pauses read(List<String> lines, long from) {
        long count = 0;
        long total = 0;
        long longest = 0;
        long longestReach = 0;
        for (String line : lines) {
            Matcher matcher = SAFEPOINT.matcher(line);
            if (matcher.find() && Long.parseLong(matcher.group(1)) >= from) {
                long nanos = Long.parseLong(matcher.group(4));
                count++;
                total += nanos;
                longest = Math.max(longest, nanos);
                longestReach = Math.max(longestReach, Long.parseLong(matcher.group(3)));
            }
        }
        return new Pauses(count, total, longest, longestReach);
    }

    /** One case, in its own JVM: {@code GcPauses store|objects keys seconds}. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        boolean inStore = args[0].toLowerCase(Locale.ROOT).equals("store");
        int keys = Integer.parseInt(args[1]);
        int seconds = Integer.parseInt(args[2]);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1))) {
            ServerConfig config = ServerConfig.of("resp", 0);
            TcpServer server = TcpServer.bind(engine, "kv", config, new RespProtocol(Store.on(engine), config));
            Thread.ofPlatform().daemon().start(GcPauses::makeGarbage);
            try (RespClient client = new RespClient(server.port())) {
                Requests requests = new Requests(VALUE_BYTES);
                byte[][] objects = new byte[inStore ? 0 : keys][];
                for (int i = 0; i < objects.length; i++) {
                    objects[i] = new byte[VALUE_BYTES];
                }
                if (inStore) {
                    client.preload(requests, keys);
                }
                long from = ManagementFactory.getRuntimeMXBean().getUptime() * 1_000_000;
                long end = System.nanoTime() + seconds * 1_000_000_000L;
                if (inStore) {
                    while (System.nanoTime() < end) {
                        client.preload(requests, Math.min(keys, 50_000));
                    }
                } else {
                    overwrite(objects, end);
                }
                System.out.println(FROM + from);
            }
        }
    }

    private static void overwrite(byte[][] objects, long end) {
        SplittableRandom random = new SplittableRandom(1);
        while (System.nanoTime() < end) {
            for (int i = 0; i < OVERWRITES_PER_SECOND / TICKS_PER_SECOND; i++) {
                objects[random.nextInt(objects.length)] = new byte[VALUE_BYTES];
            }
            LockSupport.parkNanos(1_000_000_000L / TICKS_PER_SECOND);
        }
    }

    private static void makeGarbage() {
        byte[][] alive = new byte[GARBAGE_ALIVE / GARBAGE_SIZE][];
        int at = 0;
        while (true) {
            for (int i = 0; i < GARBAGE_PER_SECOND / GARBAGE_SIZE / TICKS_PER_SECOND; i++) {
                alive[at++ % alive.length] = new byte[GARBAGE_SIZE];
            }
            LockSupport.parkNanos(1_000_000_000L / TICKS_PER_SECOND);
        }
    }
}
