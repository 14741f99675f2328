package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.solaster.engine.Slots;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The logs of two shards end behind any of the records that a transaction over both has written: it is there as a whole or not at
 * all, and stays so.
 */
final class CutLogsTest {
    private static final int SEGMENT_HEADER = 4096;
    private static final int RECORD_HEADER = 32;

    @TempDir
    Path directory;

    /** Keys by their shard, so that each transaction is over both. */
    private static String key(int shard, String name) {
        for (int i = 0;; i++) {
            String key = name + i;
            if (Slots.shardOf(Slots.of(key), 2) == shard) {
                return key;
            }
        }
    }

    private static final String A = key(0, "a");
    private static final String B = key(1, "b");
    private static final String LONG = key(0, "long");
    private static final String SET_A = key(0, "set");
    private static final String SET_B = key(1, "set");

    /** Each changes keys of both shards, or one key in several records. */
    private static final List<String[][]> TRANSACTIONS = List.of(
            new String[][]{{"MSET", A, "100", B, "100", LONG, "x".repeat(50_000)}},
            new String[][]{{"MULTI"}, {"DECRBY", A, "7"}, {"INCRBY", B, "7"}, {"EXEC"}},
            new String[][]{{"SADD", SET_A, "1", "2", "3"}},
            new String[][]{{"SMOVE", SET_A, SET_B, "2"}},
            new String[][]{{"MULTI"}, {"RENAME", A, B}, {"SET", A, "2"}, {"SUNIONSTORE", SET_B, SET_A, SET_B},
                    {"EXEC"}},
            new String[][]{{"APPEND", LONG, "y".repeat(40_000)}},
            new String[][]{{"DEL", A, B}},
            new String[][]{{"FLUSHALL"}});

    private static String content(RespClient client) {
        StringBuilder all = new StringBuilder(client.call("DBSIZE"));
        for (String key : List.of(A, B, LONG)) {
            all.append('\n').append(client.call("GET", key));
        }
        return all.append('\n').append(client.call("SORT", SET_A)).append('\n').append(client.call("SORT", SET_B))
                .toString();
    }

    private static Path log(Path root, int shard) {
        try (Stream<Path> files = Files.list(root.resolve("generation-1").resolve("log").resolve("shard-" + shard))) {
            return files.filter(each -> each.toString().endsWith(".log")).reduce((one, other) -> {
                throw new IllegalStateException("more than one segment");
            }).orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where each record of a log ends. */
    private static List<Long> ends(Path log) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(log)).order(ByteOrder.LITTLE_ENDIAN);
        List<Long> ends = new ArrayList<>();
        int at = SEGMENT_HEADER;
        while (at + RECORD_HEADER <= bytes.limit() && bytes.getInt(at + 4) > 0) {
            boolean mark = bytes.get(at + 24) == 0;
            at += bytes.getInt(at + 4) + 7 & -8;
            if (!mark) {
                ends.add((long) at);
            }
        }
        return ends;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Files.copy(each, to.resolve(from.relativize(each).toString()));
            }
        }
    }

    private static void cut(Path log, List<Long> ends, int records) throws IOException {
        try (FileChannel file = FileChannel.open(log, StandardOpenOption.WRITE)) {
            file.truncate(records == 0 ? SEGMENT_HEADER : ends.get(records - 1));
        }
    }

    @Test
    void aTransactionIsThereAsAWholeOrNotAtAll() throws IOException {
        Path written = directory.resolve("written");
        List<String> contents = new ArrayList<>();
        List<int[]> records = new ArrayList<>();
        try (KeptStore store = KeptStore.open(2, written); RespClient client = store.connect()) {
            contents.add(content(client));
            records.add(new int[2]);
            for (String[][] commands : TRANSACTIONS) {
                for (String[] each : commands) {
                    assertThat(client.call(each)).doesNotStartWith("-");
                }
                contents.add(content(client));
                records.add(new int[]{ends(log(written, 0)).size(), ends(log(written, 1)).size()});
            }
        }
        int partly = 0;
        for (int i = 1; i < records.size(); i++) {
            int[] before = records.get(i - 1);
            int[] behind = records.get(i);
            for (int a = before[0]; a <= behind[0]; a++) {
                for (int b = before[1]; b <= behind[1]; b++) {
                    boolean none = a == before[0] && b == before[1];
                    boolean all = a == behind[0] && b == behind[1];
                    if (!none && !all) {
                        String found = reopen(written, a, b);
                        assertThat(found).as("transaction %d, %d and %d records of it", i, a - before[0], b - before[1])
                                .isEqualTo(contents.get(i - 1));
                        partly++;
                    }
                }
            }
        }
        assertThat(partly).isGreaterThan(10);
        int[] last = records.getLast();
        assertThat(reopen(written, last[0], last[1])).isEqualTo(contents.getLast());
    }

    /** What is there, twice: the second time behind further records, which say that all before is settled. */
    private String reopen(Path written, int recordsOfFirst, int recordsOfSecond) throws IOException {
        Path cut = directory.resolve(recordsOfFirst + "-" + recordsOfSecond);
        copy(written, cut);
        cut(log(cut, 0), ends(log(cut, 0)), recordsOfFirst);
        cut(log(cut, 1), ends(log(cut, 1)), recordsOfSecond);
        String found;
        try (KeptStore store = KeptStore.open(2, cut); RespClient client = store.connect()) {
            found = content(client);
            client.call("MSET", key(0, "other"), "1", key(1, "other"), "1");
            client.call("DEL", key(0, "other"), key(1, "other"));
            client.call("SADD", key(0, "another"), "1");
            client.call("DEL", key(0, "another"));
        }
        try (KeptStore store = KeptStore.open(2, cut); RespClient client = store.connect()) {
            assertThat(content(client)).isEqualTo(found);
        }
        return found;
    }
}
