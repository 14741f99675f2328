package io.solaster.store.multi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.StoreFixture;
import io.solaster.store.command.CommandTable;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands that answer much go on in later turns, and are one step nevertheless. */
class LeftOffTest {
    private static final int ELEMENTS = 30_000;

    private final StoreFixture fixture = StoreFixture.of(1);

    @BeforeEach
    void fillAll() {
        run("FLUSHALL");
        List.of("list", "set", "zset", "hash").forEach(this::fill);
    }

    private void fill(String key) {
        for (int i = 0; i < ELEMENTS; i += 1000) {
            List<String> words = new ArrayList<>(List.of(switch (key) {
                case "list" -> "RPUSH";
                case "set" -> "SADD";
                case "zset" -> "ZADD";
                default -> "HSET";
            }, key));
            for (int j = 0; j < 1000; j++) {
                String each = "element:" + (i + j);
                if (key.equals("zset")) {
                    words.add(Integer.toString(i + j));
                }
                words.add(each);
                if (key.equals("hash")) {
                    words.add("value" + j);
                }
            }
            run(words.toArray(String[]::new));
        }
    }

    /** What a command answers that may not leave off. */
    private String run(String... words) {
        return on(shard -> {
            CommandCall call = shard.call();
            ByteBuf reply = begin(shard, call);
            try (ByteStrings arguments = arguments(words)) {
                arguments.load(call, 0, words.length, 0);
                shard.run(command(words), call);
                return end(call, reply);
            }
        });
    }

    private interface Between {
        void turns(StoreShard shard, int turn);
    }

    private int turns;

    /** What a command answers that leaves off whenever it may, as no turn has time left; something else is done between two. */
    private String runInTurns(Between between, String... words) {
        return on(shard -> {
            // This turn has had its time.
            while (!io.solaster.engine.Shard.needPreempt()) {
                Thread.onSpinWait();
            }
            turns = 1;
            CommandCall call = shard.call();
            ByteBuf reply = begin(shard, call);
            Intent intent = new Intent(() -> {});
            LeftOff left = new LeftOff(shard);
            try (ByteStrings arguments = arguments(words)) {
                call.leavable(true);
                arguments.load(call, 0, words.length, 0);
                shard.run(command(words), call);
                if (call.isLeftOff()) {
                    left.begin(command(words), call, intent, 0);
                    boolean whole = false;
                    while (!whole) {
                        between.turns(shard, turns++);
                        arguments.load(call, 0, words.length, 0);
                        whole = left.goOn(command(words), call);
                    }
                }
                return end(call, reply);
            } finally {
                left.end();
                shard.locks().remove(intent);
            }
        });
    }

    static ByteBuf begin(StoreShard shard, CommandCall call) {
        ByteBuf reply = Unpooled.directBuffer();
        call.client(null);
        call.now(shard.now());
        ReplyWriter writer = call.reply();
        writer.to(reply);
        writer.resp3(false);
        return reply;
    }

    static String end(CommandCall call, ByteBuf reply) {
        call.reply().finish();
        call.client(null);
        String text = reply.toString(StandardCharsets.ISO_8859_1);
        reply.release();
        return text;
    }

    static Command command(String... words) {
        return Objects.requireNonNull(CommandTable.named(words[0]));
    }

    static ByteStrings arguments(String... words) {
        ByteStrings arguments = new ByteStrings();
        // One for all words, as each buffer is followed by what looks for leaks.
        ByteBuf bytes = Unpooled.directBuffer();
        for (String word : words) {
            bytes.clear().writeBytes(word.getBytes(StandardCharsets.ISO_8859_1));
            arguments.add(Memory.address(bytes), word.length());
        }
        bytes.release();
        return arguments;
    }

    private <R> R on(java.util.function.Function<StoreShard, R> task) {
        return fixture.servers().on(0, _ -> task.apply(StoreFixture.parts(fixture.store()).part(0))).join();
    }

    private static final List<String[]> LONG = List.of(new String[]{"LRANGE", "list", "0", "-1"},
            new String[]{"LRANGE", "list", "5000", "-3"}, new String[]{"ZRANGE", "zset", "0", "-1", "WITHSCORES"},
            new String[]{"ZREVRANGE", "zset", "0", "-1"}, new String[]{"ZRANGEBYSCORE", "zset", "10", "29000"},
            new String[]{"SMEMBERS", "set"}, new String[]{"HGETALL", "hash"}, new String[]{"HKEYS", "hash"},
            new String[]{"HVALS", "hash"}, new String[]{"HRANDFIELD", "hash", "100000", "WITHVALUES"});

    @Test
    void aLongReplyIsTheSameInManyTurns() {
        for (String[] words : LONG) {
            String whole = run(words);
            assertThat(runInTurns((_, _) -> {}, words)).as(words[0]).isEqualTo(whole);
            assertThat(turns).as(words[0]).isGreaterThan(10);
        }
    }

    @Test
    void aShortOneHasOneTurn() {
        for (String[] words : List.of(new String[]{"LRANGE", "list", "0", "500"},
                new String[]{"ZRANGE", "zset", "-400", "-1"})) {
            assertThat(runInTurns((_, _) -> {}, words)).isEqualTo(run(words));
            assertThat(turns).isEqualTo(1);
        }
    }

    @Test
    void aKeyThatGoesMeanwhileIsAnsweredAsGone() {
        for (String[] words : LONG) {
            String answered = runInTurns((shard, turn) -> {
                if (turn == 3) {
                    try (ByteStrings key = arguments(words[1])) {
                        key.next();
                        shard.keyspace().remove(key.address(), key.length());
                    }
                }
            }, words);
            assertThat(answered).as(words[0]).isEqualTo("*0\r\n");
            fill(words[1]);
        }
    }

    @Test
    void aKeyThatChangesAgainAndAgainIsAnsweredAtLast() {
        String answered = runInTurns((shard, _) -> {
            try (ByteStrings words = arguments("list", "more")) {
                words.next();
                shard.lists().open(words.address(), words.length(),
                        shard.keyspace().beginWrite(words.address(), words.length(), shard.now()));
                words.next();
                shard.lists().push(false, words.address(), words.length());
                shard.keyspace().written();
            }
        }, "LRANGE", "list", "0", "-1");
        assertThat(answered).isEqualTo(run("LRANGE", "list", "0", "-1")).endsWith("$4\r\nmore\r\n");
        assertThat(turns).isLessThan(10);
    }
}
