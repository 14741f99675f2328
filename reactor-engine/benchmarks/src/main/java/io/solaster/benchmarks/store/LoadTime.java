package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.Random;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** How long it takes until a server with many keys on the disk answers. */
final class LoadTime implements Measure {
    /** One in so many keys is written again behind the snapshot. */
    private static final int CHANGED = 10;
    private static final int BATCH = 500;
    private static final int MOST_ROUNDS = 3;

    /** Starts a server on what it has kept. */
    @FunctionalInterface
    private interface Start {
        Server server() throws IOException, InterruptedException;
    }

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        Requests requests = new Requests(RedisBenchmark.VALUE_BYTES);
        String[] names = {"Redis, its RDB file", "Redis, its append-only file", "us, snapshot and log",
                "us, log alone"};
        Start[] starts = {
                () -> Server.redis(workplace, "Redis", "--dbfilename", "kept.rdb"),
                () -> Server.redis(workplace, "Redis, AOF", "--appendonly", "yes", "--appenddirname", "kept-aof",
                        "--auto-aof-rewrite-percentage", "0"),
                () -> store(workplace, "snapshot"),
                () -> store(workplace, "log")};
        boolean[] saved = {true, false, true, false};
        for (int i = 0; i < starts.length; i++) {
            Report.progress("filling " + names[i]);
            fill(starts[i], requests, options.manyKeys(), saved[i], i == 0);
        }
        int rounds = Math.min(MOST_ROUNDS, options.rounds());
        double[][] seconds = new double[starts.length][rounds];
        double[][] cpu = new double[starts.length][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < starts.length; i++) {
                Report.progress("starting " + names[i] + ", round " + (round + 1) + " of " + rounds);
                long begun = System.nanoTime();
                try (Server server = starts[i].server(); RespClient client = server.connect()) {
                    seconds[i][round] = (System.nanoTime() - begun) / 1e9;
                    cpu[i][round] = server.cpuNanos() / 1e9;
                    long keys = Long.parseLong(client.ask("DBSIZE"));
                    if (keys != options.manyKeys()) {
                        throw new IOException(names[i] + " has " + keys + " keys after its start");
                    }
                }
            }
        }
        report.section("Start with many keys (`start`)", options.manyKeys()
                + " keys of 16 bytes with values of 64, on one CPU, from the page cache: from the start of the process to"
                + " its first answer. Behind our snapshot a tenth of the keys was written again, which is in the log.");
        MarkdownTable table = new MarkdownTable("", "seconds", "of CPU", "of Redis's RDB file");
        for (int i = 0; i < starts.length; i++) {
            table.row(names[i], Statistics.digits(Statistics.median(seconds[i])),
                    Statistics.digits(Statistics.median(cpu[i])),
                    "**" + Statistics.digits(Statistics.ratio(seconds[i], seconds[0])) + "**");
        }
        report.table(table);
        report.goal("start from snapshot and log", Statistics.ratio(seconds[2], seconds[0]), 1,
                " of Redis's load of its RDB file");
        report.goal("start from the log alone", Statistics.ratio(seconds[3], seconds[0]), 1,
                " of Redis's load of its RDB file");
    }

    private static Server store(Workplace workplace, String name) throws IOException, InterruptedException {
        Options options = workplace.options();
        return Server.store(workplace, name, 1, options.transport(), options.jvm(),
                workplace.file("kept-" + name).toString(), "1s");
    }

    private static void fill(Start start, Requests requests, long keys, boolean save, boolean changedBefore)
            throws IOException, InterruptedException {
        try (Server server = start.server()) {
            try (RespClient client = server.connect()) {
                client.preload(requests, keys);
                if (save && !changedBefore) {
                    client.ask("SAVE");
                }
                Random random = new Random(keys);
                for (long left = save ? keys / CHANGED : 0; left > 0; left -= BATCH) {
                    client.overwrite(requests, random, keys, (int) Math.min(BATCH, left));
                }
                if (save && changedBefore) {
                    client.ask("SAVE");
                }
            }
            server.shutDown();
        }
    }
}
