package io.solaster.streams.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

import io.netty.buffer.Unpooled;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.log.LogDamagedException;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.Consumption;
import io.solaster.streams.Headers;
import io.solaster.streams.Streams;
import io.solaster.streams.topic.RecordText;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command says of topics, and what it makes of damaged ones. */
@SolasterTest(shards = 2)
final class TopicProgramTest {
    @TempDir
    Path directory;
    private final Engine engine;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    TopicProgramTest(Engine engine) {
        this.engine = engine;
    }

    private Streams open(Path where) {
        return Streams.open(engine, Map.of("orders", TopicConfig.in(where.toString()).withPartitions(4)
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(4 << 10))));
    }

    private Path topic() {
        return directory.resolve("topic");
    }

    private void write(int count) {
        try (Streams streams = open(topic())) {
            for (int i = 0; i < count; i++) {
                streams.topic("orders").publish(("key" + i).getBytes(UTF_8), ("value" + i).getBytes(UTF_8),
                        Headers.of(Map.of("a", new byte[]{1}))).join();
            }
            try (Consumption reads = streams.consume("orders", "billing", ConsumeOptions.DEFAULTS, delivery -> {})) {
                while (streams.topic("orders").groups().join().getFirst().lag() > 0) {
                    LockSupport.parkNanos(1_000_000);
                }
                assertThat(reads.group()).isEqualTo("billing");
            }
        }
    }

    private int run(String... arguments) {
        said.reset();
        PrintStream out = new PrintStream(said, true, UTF_8);
        return new Program(out, out).run(arguments);
    }

    @Test
    void printsEntriesAndGroups() {
        write(20);
        assertThat(run("print", topic().toString())).isZero();
        assertThat(said.toString(UTF_8)).contains("of 4 partitions, next here:").contains(", key \"key7\", headers of ")
                .contains("value \"value19\"").contains("group \"billing\" has acknowledged partition");
        assertThat(run("check", topic().toString())).isZero();
        assertThat(said.toString(UTF_8)).contains("shard 0: whole").contains("shard 1: whole");
        assertThat(run("print", topic().toString(), "--bytes=3")).isZero();
        assertThat(said.toString(UTF_8)).contains("key \"key\"... (4 bytes)");
    }

    @Test
    void repairWritesATopicThatOpens() throws IOException {
        write(60);
        Path segment;
        try (Stream<Path> files = Files.walk(topic())) {
            segment = files.filter(each -> each.toString().contains("shard-0") && each.toString().endsWith(".log"))
                    .min(Path::compareTo).orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        bytes[4_096 + (bytes.length - 4_096) / 2] ^= 1;
        Files.write(segment, bytes);
        assertThatThrownBy(() -> open(topic())).isInstanceOf(LogDamagedException.class);
        Path copy = directory.resolve("copy");
        assertThat(run("repair", topic().toString(), "--to=" + copy)).isEqualTo(1);
        assertThat(said.toString(UTF_8)).contains("shard 0: DAMAGED").contains("shard 1: whole").contains(
                "NOT in the copy");
        assertThat(run("repair", topic().toString(), "--to=" + copy)).isEqualTo(2);
        assertThat(said.toString(UTF_8)).contains("is there already");
        try (Streams streams = open(copy)) {
            Set<String> got = Collections.synchronizedSet(new HashSet<>());
            try (Consumption reads = streams.consume("orders", "new", ConsumeOptions.DEFAULTS,
                    delivery -> got.add(new String(delivery.value(), UTF_8)))) {
                while (streams.topic("orders").groups().join().stream().filter(each -> each.name().equals("new"))
                        .anyMatch(each -> each.lag() > 0)) {
                    LockSupport.parkNanos(1_000_000);
                }
                assertThat(reads.group()).isEqualTo("new");
            }
            assertThat(got).hasSizeBetween(15, 59).allMatch(each -> each.startsWith("value"));
        }
    }

    @Test
    void whatIsNoTopicIsNamed() {
        assertThat(run("print", directory.toString())).isEqualTo(2);
        assertThat(said.toString(UTF_8)).contains("holds no topic");
        assertThat(run("print", directory.resolve("none").toString())).isEqualTo(2);
        assertThat(run("check")).isEqualTo(2);
        assertThat(said.toString(UTF_8)).contains("java -jar solaster-streams.jar check DIRECTORY");
    }

    /** What passes its check sum is whole; a program that shows it should not fall over what is not, all the same. */
    @Test
    void showsNoMoreThanThereIs() {
        Random random = new Random(7);
        int entries = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            for (int at = 12; at < bytes.length && random.nextInt(4) != 0; at++) {
                bytes[at] = (byte) (at % 4 == 0 ? random.nextInt(4) : 0);
            }
            String text = RecordText.of(random.nextInt(6), Unpooled.wrappedBuffer(bytes), 16);
            entries += text != null && text.startsWith("entry") ? 1 : 0;
            assertThat(text == null || text.chars().allMatch(each -> each >= ' ' && each <= '~')).as(text).isTrue();
        }
        assertThat(entries).isPositive();
    }
}
