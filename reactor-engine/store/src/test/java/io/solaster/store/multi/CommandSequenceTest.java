package io.solaster.store.multi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.StoreFixture;
import io.solaster.store.command.CommandTable;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that run as one step, one after the other, wherever their keys lie. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class CommandSequenceTest {
    private static final List<String> KEYS = List.of("a", "b", "c", "d");

    @Parameter
    int shards;

    private StoreFixture fixture;
    private Parts parts;

    @BeforeEach
    void empty() {
        fixture = StoreFixture.of(shards);
        parts = StoreFixture.parts(fixture.store());
        assertThat(run("FLUSHALL")).isEqualTo("+OK|");
    }

    @AfterEach
    void noKeyIsLocked() {
        for (int shard = 0; shard < shards; shard++) {
            int each = shard;
            StoreFixture.await("the keys are free",
                    () -> fixture.servers().on(each, _ -> parts.part(each).locks().isFree()).join());
        }
    }

    /** What a script does: it runs commands one after the other from a thread that is no shard. */
    private final class Script implements CommandSequence.Waiter, AutoCloseable {
        private final StoreShard home = parts.part(shards - 1);
        private final CommandList list = new CommandList();
        private CompletableFuture<String> answer = new CompletableFuture<>();
        private CommandSequence sequence;

        private String onHome(Consumer<StoreShard> work) {
            answer = new CompletableFuture<>();
            fixture.servers().on(shards - 1, _ -> {
                work.accept(home);
                return true;
            }).join();
            return answer.orTimeout(1, TimeUnit.MINUTES).join();
        }

        Script(boolean writes, String... keys) {
            onHome(shard -> {
                sequence = new CommandSequence(shard);
                sequence.begin(this, null, null);
                for (String key : keys) {
                    sequence.slot(Slots.of(key.getBytes(StandardCharsets.UTF_8)), writes);
                }
                if (keys.length == 0) {
                    sequence.everyShard(writes);
                }
                sequence.run(list, false, false, 1 << 20, null);
            });
        }

        String call(String... lines) {
            return onHome(shard -> sequence.run(filled(list, lines), false, false, 1 << 20, null));
        }

        boolean holds(String line) {
            return fixture.servers().on(shards - 1, _ -> {
                CommandList one = filled(new CommandList(), line);
                CommandCall call = home.call();
                boolean holds = sequence.holds(one.next(call), call);
                one.close();
                return holds;
            }).join();
        }

        @Override
        public void done() {
            answer.complete(sequence.replies().toString(StandardCharsets.US_ASCII).replace("\r\n", "|"));
        }

        @Override
        public void abandoned() {
            answer.completeExceptionally(new IllegalStateException("abandoned"));
        }

        @Override
        public void close() {
            onHome(shard -> {
                list.clear();
                sequence.run(list, true, false, 1 << 20, null);
            });
            fixture.servers().on(shards - 1, _ -> {
                sequence.close();
                list.close();
                return true;
            }).join();
        }
    }

    private static CommandList filled(CommandList list, String... lines) {
        list.clear();
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            Command command = CommandTable.named(words[0]);
            list.add(command);
            for (String word : words) {
                ByteBuf bytes = Unpooled.directBuffer().writeBytes(word.getBytes(StandardCharsets.UTF_8));
                list.argument(Memory.address(bytes), bytes.readableBytes());
                bytes.release();
            }
        }
        return list;
    }

    private String run(String... lines) {
        try (Script script = new Script(true)) {
            return script.call(lines);
        }
    }

    @Test
    void repliesStandInTheOrderOfTheCommands() {
        assertThat(run("SET a 1", "SET b 2", "INCR a", "MGET a b c", "DEL a", "GET a", "DBSIZE", "SET x 5", "INCR b",
                "MSET a 8 b 9", "ECHO x", "MGET b a", "RENAME a d", "GET d", "LPUSH d x", "FLUSHALL", "GET b"))
                .isEqualTo("+OK|+OK|:2|*3|$1|2|$1|2|$-1|:1|$-1|:1|+OK|:3|+OK|$1|x|*2|$1|9|$1|8|+OK|$1|8|"
                        + "-WRONGTYPE Operation against a key holding the wrong kind of value|+OK|$-1|");
        assertThat(run()).isEmpty();
        String[] many = IntStream.range(0, 5000).mapToObj(i -> "INCR " + KEYS.get(i % 4)).toArray(String[]::new);
        assertThat(run(many)).startsWith(":1|:1|:1|:1|:2|").endsWith(":1250|:1250|");
        assertThat(run("MSET " + String.join(" ", IntStream.range(0, 2000).mapToObj(i -> "k" + i + " v").toList()),
                "DBSIZE")).isEqualTo("+OK|:2004|");
    }

    @Test
    void nobodyComesBetweenTwoCallsUnderTheSameKeys() {
        CompletableFuture<?> other;
        try (Script script = new Script(true, "a", "b")) {
            assertThat(script.call("SET a 1")).isEqualTo("+OK|");
            other = fixture.store().strings().set("b", new byte[]{'x'}).toCompletableFuture();
            assertThat(script.call("MSET a 2 b 2", "MGET a b")).isEqualTo("+OK|*2|$1|2|$1|2|");
            assertThat(script.call("GET b")).isEqualTo("$1|2|");
            assertThat(other).isNotDone();
            assertThat(script.holds("GET b")).isTrue();
            assertThat(script.holds("MGET a b")).isTrue();
            assertThat(script.holds("DBSIZE")).isFalse();
            assertThat(script.holds("GET another")).isFalse();
        }
        other.join();
        assertThat(run("GET b")).isEqualTo("$1|x|");
    }

    @Test
    void repliesBeyondTheRoomAreDroppedAndTheCommandsRunNevertheless() {
        Script script = new Script(true);
        CommandList list = new CommandList();
        script.onHome(shard -> script.sequence.run(
                filled(list, "SET a " + "x".repeat(2000), "SET b " + "x".repeat(2000), "GET a", "GET b", "INCR c"),
                false, false, 1000, null));
        assertThat(script.sequence.isExceeded()).isTrue();
        script.close();
        list.close();
        assertThat(run("GET c")).isEqualTo("$1|1|");
    }
}
