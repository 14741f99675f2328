package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.store.persist.RecordText;
import io.solaster.store.program.ProgramRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command says of the logs that a store has written. */
class LogTextTest {
    private final ProgramRun program = new ProgramRun();

    @TempDir
    Path directory;

    private static Path segment(Path root, int shard) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("generation-1").resolve("log").resolve("shard-" + shard))) {
            return files.filter(each -> each.toString().endsWith(".log")).findFirst().orElseThrow();
        }
    }

    private void write(String[]... commands) {
        try (KeptStore kept = KeptStore.open(2, directory); RespClient client = kept.connect()) {
            for (String[] each : commands) {
                assertThat(client.call(each)).doesNotStartWith("-");
            }
        }
    }

    @Test
    void showsChangesAsCommands() {
        write(new String[]{"SET", "{k}plain", "value"}, new String[]{"SET", "{k}\u0000\u00ff\"\r\n", "b\\s"},
                new String[]{"SET", "{k}long", "x".repeat(1000), "PXAT", "33333333333333"},
                new String[]{"HSET", "{k}hash", "field", "value"}, new String[]{"RPUSH", "{k}list", "a", "b"},
                new String[]{"LPOP", "{k}list"}, new String[]{"ZADD", "{k}ranking", "1.5", "member"},
                new String[]{"SADD", "{k}set", "one"}, new String[]{"XADD", "{k}stream", "5-1", "f", "v"},
                new String[]{"XGROUP", "CREATE", "{k}stream", "group", "0"}, new String[]{"PERSIST", "{k}long"},
                new String[]{"DEL", "{k}plain"}, new String[]{"SELECT", "3"}, new String[]{"SET", "{k}other", "1"},
                new String[]{"MOVE", "{k}other", "2"}, new String[]{"SWAPDB", "2", "3"}, new String[]{"FLUSHDB"});
        assertThat(program.run(null, "print", directory.toString(), "--bytes=20")).as(program.errors()).isZero();
        List<String> said = program.said().lines().map(String::trim).toList();
        assertThat(said).contains("SET \"{k}plain\" \"value\"", "SET \"{k}\\x00\\xff\\\"\\r\\n\" \"b\\\\s\"",
                "SET \"{k}long\" \"" + "x".repeat(20) + "\"... (1000 bytes) PXAT 33333333333333",
                "HSET \"{k}hash\" \"field\" \"value\"", "RPUSH \"{k}list\" \"a\"", "LPOP \"{k}list\" 1",
                "ZADD \"{k}ranking\" 1.5 \"member\"", "SADD \"{k}set\" \"one\"",
                "XADD \"{k}stream\" 5-1 with 5 bytes of fields",
                "XGROUP CREATE \"{k}stream\" \"group\" 0-0 ENTRIESREAD -1", "PERSIST \"{k}long\"", "DEL \"{k}plain\"",
                "[3] SET \"{k}other\" \"1\"", "[3] MOVE \"{k}other\" 2", "SWAPDB 2 3", "[3] FLUSHDB");
        assertThat(said.getFirst()).matches("shard [01] record 1 epoch \\d+ kind 1 bytes \\d+");
        assertThat(program.run(null, "check", directory.toString())).as(program.errors()).isZero();
        assertThat(program.said()).contains("shard 0: whole", "shard 1: whole");
    }

    @Test
    void namesTheTransactionOfARecord() {
        write(new String[]{"MSET", "a", "1", "b", "2", "c", "3", "d", "4"},
                new String[]{"APPEND", "a", "y".repeat(300_000)});
        assertThat(program.run(null, "print", directory.toString(), "--bytes=8")).as(program.errors()).isZero();
        assertThat(program.said()).containsPattern("end of transaction [0-9a-f]+ on shards \\[0, 1]")
                .contains("SET \"a\" \"1\"", "SET \"b\" \"2\"").doesNotContain("makes no sense");
    }

    @Test
    void namesDamageAndRepairsACopy() throws IOException {
        String[][] commands = new String[40][];
        for (int i = 0; i < commands.length; i++) {
            commands[i] = new String[]{"SET", "key" + i, "value" + i};
        }
        write(commands);
        Path log = segment(directory, 1);
        byte[] bytes = Files.readAllBytes(log);
        bytes[4096 + 700] ^= 1;
        Files.write(log, bytes);
        assertThat(program.run(null, "print", directory.toString())).isEqualTo(1);
        assertThat(program.said()).contains("shard 1: DAMAGED: ", log.toString());
        Path copy = directory.resolve("copy");
        assertThat(program.run(null, "repair", directory.toString(), "--to=" + copy)).isEqualTo(1);
        assertThat(program.said()).contains("shard 0: whole, and copied", "NOT in the copy: ");
        assertThat(program.run(null, "check", copy.toString())).as(program.said()).isZero();
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThat(program.run(null, "print", directory.resolve("none").toString())).isEqualTo(2);
        assertThat(program.errors()).contains("is no directory");
        assertThat(program.run(null, "print", directory.toString(), "--keys")).isEqualTo(2);
        assertThat(program.errors()).contains("'--keys' is no option of print", "solaster-store.jar print");
    }

    /** What passes its check sum is whole; a program that shows it should not fall over what is not, all the same. */
    @Test
    void showsNoMoreThanThereIs() {
        Random random = new Random(7);
        StringBuilder said = new StringBuilder();
        try (RecordText text = new RecordText(16)) {
            for (int sequence = 1; sequence < 50_000; sequence++) {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                if (bytes.length > 0 && random.nextBoolean()) {
                    bytes[0] = (byte) random.nextInt(48);
                }
                ByteBuf payload = random.nextBoolean()
                        ? Unpooled.wrappedBuffer(bytes)
                        : Unpooled.directBuffer(64).writeBytes(bytes);
                try {
                    text.tell(sequence, 1 + random.nextInt(9), payload, said::append, said::append);
                } finally {
                    payload.release();
                }
                said.setLength(Math.min(said.length(), 1000));
            }
        }
        assertThat(said).contains("makes no sense");
    }
}
