package io.solaster.benchmarks.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** For how long a shard is kept from others while very many keys are loaded, expire at once, are snapshotted, flushed. */
final class LongestTurn implements Measure {
    private static final double MOST_MILLIS = 2;
    private static final int WARM_UP_SHARE = 10;
    private static final long PING_MILLIS = 1;
    private static final long MOST_NANOS = 180_000_000_000L;
    /** What is left of what was flushed goes in later turns, within that. */
    private static final long AFTER_FLUSH_MILLIS = 2_000;
    /** Keys expire so long after twice the time that it has taken to load as many. */
    private static final long SPARE_MILLIS = 2_000;

    /** What is done to all keys. */
    @FunctionalInterface
    private interface Work {
        void run(RespClient client) throws IOException, InterruptedException;
    }

    /** What one server did with it. */
    private record Outcome(double seconds, double pingMillis) {
        @Override
        public String toString() {
            return Statistics.digits(seconds) + " s, PING " + Statistics.digits(pingMillis) + " ms";
        }
    }

    private final MarkdownTable table = new MarkdownTable("", "longest turn", "collections", "us", "Redis");

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        long keys = options.manyKeys();
        Requests requests = new Requests(RedisBenchmark.VALUE_BYTES);
        try (Server redis = Server.redis(workplace, "Redis");
                Server ours = Server.store(workplace, "us", 1, options.transport(), options.jvm());
                Server kept = Server.store(workplace, "us, kept", 1, options.transport(), options.jvm(),
                        workplace.file("kept").toString(), "1s")) {
            for (Server server : new Server[]{ours, kept}) {
                warmUp(server, keys / WARM_UP_SHARE);
            }
            report.section("Longest turn (`turns`)", keys
                    + " keys of 16 bytes with values of 64. A turn's length is CPU"
                    + " time of the shard's thread until a task that is always ready is run again. Beside it collections of"
                    + " garbage with their time, wall time of the whole, and the longest answer to a PING each millisecond,"
                    + " which the client's own CPU delays too.");
            Work load = client -> client.preload(requests, keys);
            Work flush = client -> {
                client.ask("FLUSHALL");
                Thread.sleep(AFTER_FLUSH_MILLIS);
            };
            double seconds = row(report, "load", ours, redis, load);
            row(report, "flush", ours, redis, flush);
            expire(report, ours, redis, keys, (long) (seconds * 2_000) + SPARE_MILLIS);
            row(report, "load, with a log", kept, redis, load);
            row(report, "snapshot", kept, redis, LongestTurn::snapshot);
            row(report, "flush, with a log", kept, redis, flush);
            report.table(table);
        }
    }

    private void expire(Report report, Server ours, Server redis, long keys, long after)
            throws IOException, InterruptedException {
        Report.progress("all expire at once");
        Outcome[] outcomes = new Outcome[2];
        Server[] servers = {ours, redis};
        Server.Turns turns = null;
        for (int i = 0; i < servers.length; i++) {
            long due = System.currentTimeMillis() + after;
            try (RespClient client = servers[i].connect()) {
                client.preload(new Requests(RedisBenchmark.VALUE_BYTES, due), keys);
            }
            if (System.currentTimeMillis() > due) {
                throw new IOException(servers[i].name() + " has expired keys before all of them were there");
            }
            Thread.sleep(due - System.currentTimeMillis());
            outcomes[i] = outcome(servers[i], LongestTurn::awaitEmpty);
            turns = i == 0 ? servers[i].turns() : turns;
        }
        row(report, "all expire at once", Objects.requireNonNull(turns), outcomes[0], outcomes[1]);
    }

    /** How long the slower of the two has taken, in seconds. */
    private double row(Report report, String name, Server ours, Server redis, Work work)
            throws IOException, InterruptedException {
        Report.progress(name);
        Outcome own = outcome(ours, work);
        Server.Turns turns = ours.turns();
        Outcome theirs = outcome(redis, work);
        row(report, name, turns, own, theirs);
        return Math.max(own.seconds(), theirs.seconds());
    }

    private void row(Report report, String name, Server.Turns turns, Outcome ours, Outcome redis) {
        double millis = turns.longestMicros() / 1000;
        table.row(name, "**" + Statistics.digits(millis) + " ms**",
                turns.collections() + ", " + turns.collectionMillis() + " ms", ours.toString(), redis.toString());
        report.goal("longest turn: " + name, millis, MOST_MILLIS, " ms");
    }

    private static Outcome outcome(Server server, Work work) throws IOException, InterruptedException {
        if (server.isOurs()) {
            server.watchTurns();
        }
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong longest = new AtomicLong();
        Thread pings = Thread.ofPlatform().name("pings").start(() -> ping(server, done, longest));
        long begun = System.nanoTime();
        try (RespClient client = server.connect()) {
            work.run(client);
        } finally {
            done.set(true);
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        pings.join();
        return new Outcome(seconds, longest.get() / 1e6);
    }

    private static void ping(Server server, AtomicBoolean done, AtomicLong longest) {
        try (RespClient client = server.connect()) {
            while (!done.get()) {
                long asked = System.nanoTime();
                client.ask("PING");
                longest.accumulateAndGet(System.nanoTime() - asked, Math::max);
                Thread.sleep(PING_MILLIS);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private static void warmUp(Server server, long keys) throws IOException, InterruptedException {
        Report.progress("warming up " + server.name());
        try (RespClient client = server.connect()) {
            for (int i = 0; i < 3; i++) {
                client.preload(new Requests(RedisBenchmark.VALUE_BYTES, System.currentTimeMillis() + 1_500), keys);
                Thread.sleep(2_000);
                client.preload(new Requests(RedisBenchmark.VALUE_BYTES), keys);
                if (server.name().endsWith("kept")) {
                    snapshot(client);
                }
                client.ask("FLUSHALL");
            }
        }
    }

    private static void awaitEmpty(RespClient client) throws IOException, InterruptedException {
        for (long start = System.nanoTime(); !client.ask("DBSIZE").equals("0");) {
            if (System.nanoTime() - start > MOST_NANOS) {
                throw new IOException("the keys do not expire");
            }
            Thread.sleep(10);
        }
    }

    private static void snapshot(RespClient client) throws IOException, InterruptedException {
        client.ask("BGSAVE");
        for (long start = System.nanoTime(); client.ask("INFO persistence").contains("rdb_bgsave_in_progress:1");) {
            if (System.nanoTime() - start > MOST_NANOS) {
                throw new IOException("the snapshot does not end");
            }
            Thread.sleep(20);
        }
    }
}
