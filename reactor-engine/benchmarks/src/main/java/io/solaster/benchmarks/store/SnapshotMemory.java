package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.SplittableRandom;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** What a server takes of memory while it writes a snapshot and is written to, and how long its clients wait then. */
final class SnapshotMemory implements Measure {
    private static final int WRITES_A_SECOND = 100_000;
    private static final int MOST_AT_ONCE = 1_000;
    private static final long CALM_NANOS = 5_000_000_000L;
    private static final long LOOK_NANOS = 50_000_000;
    private static final long MOST_NANOS = 120_000_000_000L;
    private static final double MOST = 1.1;

    /**
     * What one server gave.
     *
     * @param before bytes
     * @param most bytes while the snapshot was written
     * @param longestMicros that some writes waited for their answers
     */
    private record Outcome(long before, long most, double seconds, double writesASecond, double calmMicros,
            double longestMicros) {
        double ratio() {
            return (double) most / before;
        }

        String[] cells(String name) {
            return new String[]{name, before / (1 << 20) + " MiB", most / (1 << 20) + " MiB",
                    "**" + Statistics.digits(ratio()) + "**", Statistics.digits(seconds) + " s",
                    Math.round(writesASecond / 1000) + " k", Statistics.digits(calmMicros / 1000) + " ms",
                    Statistics.digits(longestMicros / 1000) + " ms"};
        }
    }

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        Outcome redis;
        Outcome ours;
        try (Server server = Server.redis(workplace, "Redis")) {
            redis = outcome(server, options);
        }
        try (Server server = Server.store(workplace, "us", 1, options.transport(), options.jvm(),
                workplace.file("kept").toString(), "1s")) {
            ours = outcome(server, options);
        }
        report.section("Memory during a snapshot (`snapshot`)", options.manyKeys()
                + " keys of 16 bytes with values of 64, of which " + WRITES_A_SECOND + " a second are written anew, by"
                + " chance: memory of the process and its fork, where shared pages count once, before BGSAVE and at most"
                + " until it is done. Some writes at a time are sent together; the longest wait of one such batch. Our"
                + " log is written meanwhile, Redis has none.");
        report.table(new MarkdownTable("", "before", "at most", "ratio", "snapshot", "writes a second",
                "longest wait before",
                "longest wait").row(redis.cells("Redis")).row(ours.cells("us")));
        report.figure("memory during a snapshot, Redis", redis.ratio(), " of before", Double.NaN);
        report.goal("memory during a snapshot", ours.ratio(), MOST, " of before");
    }

    private static Outcome outcome(Server server, Options options) throws IOException {
        Requests requests = new Requests(RedisBenchmark.VALUE_BYTES);
        SplittableRandom random = new SplittableRandom(options.manyKeys());
        try (RespClient writer = server.connect(); RespClient control = server.connect()) {
            Report.progress("filling " + server.name());
            writer.preload(requests, options.manyKeys());
            Report.progress("a snapshot of " + server.name());
            Writes writes = new Writes(writer, requests, random, options.manyKeys());
            for (long start = System.nanoTime(); System.nanoTime() - start < CALM_NANOS;) {
                writes.catchUp();
            }
            double calm = writes.longestMicros();
            long before = server.ownBytes();
            long most = before;
            writes = new Writes(writer, requests, random, options.manyKeys());
            control.ask("BGSAVE");
            long begun = System.nanoTime();
            long looked = begun;
            do {
                writes.catchUp();
                long now = System.nanoTime();
                if (now - looked > LOOK_NANOS) {
                    looked = now;
                    most = Math.max(most, server.ownBytes());
                    if (!control.ask("INFO persistence").contains("rdb_bgsave_in_progress:1")) {
                        break;
                    }
                }
            } while (System.nanoTime() - begun < MOST_NANOS);
            double seconds = (System.nanoTime() - begun) / 1e9;
            return new Outcome(before, most, seconds, writes.done / seconds, calm, writes.longestMicros());
        }
    }

    /** Writes that are due at even distances. */
    private static final class Writes {
        private final RespClient client;
        private final Requests requests;
        private final SplittableRandom random;
        private final long keys;
        private final long start = System.nanoTime();
        private long done;
        private long longest;

        Writes(RespClient client, Requests requests, SplittableRandom random, long keys) {
            this.client = client;
            this.requests = requests;
            this.random = random;
            this.keys = keys;
        }

        /** Writes what is due by now, or a part of it. */
        void catchUp() throws IOException {
            long now = System.nanoTime();
            long due = (long) ((now - start) / 1e9 * WRITES_A_SECOND) - done;
            if (due <= 0) {
                Thread.onSpinWait();
                return;
            }
            int count = (int) Math.min(MOST_AT_ONCE, due);
            client.overwrite(requests, random, keys, count);
            done += count;
            longest = Math.max(longest, System.nanoTime() - now);
        }

        double longestMicros() {
            return longest / 1000.0;
        }
    }
}
