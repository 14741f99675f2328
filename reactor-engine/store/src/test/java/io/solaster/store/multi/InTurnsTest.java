package io.solaster.store.multi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Commands that have more to do than a turn has time for do it in many, and are one step nevertheless. */
class InTurnsTest {
    private static final int ELEMENTS = 20_000;

    private static final StoreFixture fixture = StoreFixture.patient(1);
    private int turns;

    @BeforeEach
    void clear() {
        run("FLUSHALL");
    }

    private <R> R on(Function<StoreShard, R> task) {
        return fixture.servers().on(0, _ -> task.apply(StoreFixture.parts(fixture.store()).part(0))).join();
    }

    /** What a command answers that may not leave off. */
    private String run(String... words) {
        return on(shard -> {
            CommandCall call = shard.call();
            ByteBuf reply = LeftOffTest.begin(shard, call);
            try (ByteStrings arguments = LeftOffTest.arguments(words)) {
                arguments.load(call, 0, words.length, 0);
                shard.run(LeftOffTest.command(words), call);
                return LeftOffTest.end(call, reply);
            }
        });
    }

    /** What a command answers that leaves off whenever it may, as no turn has time left; something else is done between two. */
    private String runInTurns(Consumer<StoreShard> between, String... words) {
        return on(shard -> {
            // This turn has had its time.
            while (!Shard.needPreempt()) {
                Thread.onSpinWait();
            }
            turns = 1;
            CommandCall call = shard.call();
            ByteBuf reply = LeftOffTest.begin(shard, call);
            call.held(InTurnsTest::refuse);
            call.mayPause(true);
            CommandCall.@Nullable Unfinished rest;
            try (ByteStrings arguments = LeftOffTest.arguments(words)) {
                arguments.load(call, 0, words.length, 0);
                shard.run(LeftOffTest.command(words), call);
                rest = call.takeUnfinished();
            } finally {
                call.mayPause(false);
                call.held(null);
            }
            if (rest != null) {
                while (!rest.isDone()) {
                    between.accept(shard);
                    rest.proceed();
                    turns++;
                }
                rest.answer(call.reply());
            }
            return LeftOffTest.end(call, reply);
        });
    }

    private static <T extends @Nullable Object> void refuse(CompletionStage<T> result,
            BiConsumer<ReplyWriter, T> answer) {
        throw new IllegalStateException("nothing is answered later");
    }

    /** Each element is there three times, so that some are equal. */
    private void list(String key, int elements, String prefix) {
        for (int from = 0; from < elements; from += 1000) {
            List<String> words = new ArrayList<>(List.of("RPUSH", key));
            for (int i = from; i < from + 1000; i++) {
                words.add(prefix + i / 3);
            }
            run(words.toArray(String[]::new));
        }
    }

    private void zset(String key) {
        for (int from = 0; from < ELEMENTS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("ZADD", key));
            for (int i = from; i < from + 1000; i++) {
                words.add(Integer.toString(i / 2));
                words.add("member:%05d".formatted(i));
            }
            run(words.toArray(String[]::new));
        }
    }

    private void set(String key) {
        for (int from = 0; from < ELEMENTS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("SADD", key));
            for (int i = from; i < from + 1000; i++) {
                words.add("member:" + i);
            }
            run(words.toArray(String[]::new));
        }
    }

    @Test
    void aFewLongEntriesOfAStreamAreAnsweredWhole() {
        for (int i = 1; i <= 60; i++) {
            run("XADD", "stream", "1-" + i, "field", "x".repeat(1000));
        }
        String[] read = words("XREAD STREAMS stream 0");
        assertThat(runInTurns(_ -> {
            // Only the time of the turn is up.
        }, read)).isEqualTo(run(read));
        assertThat(turns).isGreaterThan(1);
    }

    private static String[] words(String command) {
        return command.split(" ", -1);
    }

    /** Whether a command does and answers the same in one turn and in many: each looks at or writes 20,000 elements. */
    private void isTheSameInTurns(String command, String read) {
        isTheSameInTurns(10, command, read);
    }

    private void isTheSameInTurns(int fewest, String command, String read) {
        run("COPY", "key", "twin", "REPLACE");
        String answer = run(words(command));
        String left = run(words(read));
        run("DEL", "key");
        run("RENAME", "twin", "key");
        assertThat(runInTurns(_ -> {}, words(command))).as(command).isEqualTo(answer);
        assertThat(turns).as(command).isGreaterThanOrEqualTo(fewest);
        assertThat(run(words(read))).as(command).isEqualTo(left);
    }

    @Test
    void whatWalksThroughAListDoesSoInTurns() {
        list("key", ELEMENTS, "element:");
        String all = "LRANGE key 0 -1";
        for (String command : List.of("LPOS key element:6000", "LPOS key element:100 RANK -1 COUNT 0",
                "LPOS key element:5 RANK 2 COUNT 0", "LINSERT key BEFORE element:6001 x", "LINSERT key AFTER none y")) {
            isTheSameInTurns(command, all);
        }
        for (String command : List.of("LREM key 0 element:5000", "LREM key -2 element:17", "LREM key 2 element:6666")) {
            list("key", ELEMENTS, "element:");
            isTheSameInTurns(command, all);
        }
        for (String command : List.of("LTRIM key 3000 3010", "LPOP key 18000", "RPOP key 18000",
                "LMPOP 1 key LEFT COUNT 17000", "LMPOP 1 key RIGHT COUNT 1000000")) {
            run("DEL", "key");
            list("key", ELEMENTS, "element:");
            isTheSameInTurns(command, all);
        }
    }

    @Test
    void anElementOfEachNodeIsRemovedInTurns() {
        for (int from = 0; from < ELEMENTS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("RPUSH", "key"));
            for (int i = from; i < from + 1000; i++) {
                words.add(i % 2 == 0 ? "even" : "odd" + i);
            }
            run(words.toArray(String[]::new));
        }
        isTheSameInTurns(4, "LREM key 7000 even", "LRANGE key 0 -1");
        isTheSameInTurns(2, "LREM key -2000 even", "LRANGE key 0 -1");
        isTheSameInTurns(4, "LREM key 0 even", "LRANGE key 0 -1");
        assertThat(run("LLEN", "key")).isEqualTo(":" + ELEMENTS / 2 + "\r\n");
    }

    @Test
    void anElementInTheMiddleOfVeryManyNodesIsFoundInTurns() {
        list("key", 5000, "x".repeat(3000));
        isTheSameInTurns("LINDEX key 2500", "LLEN key");
        isTheSameInTurns("LINDEX key -2400", "LLEN key");
        isTheSameInTurns("LSET key 2502 short", "LRANGE key 2400 2600");
        isTheSameInTurns("LSET key 2502 " + "y".repeat(3500), "LRANGE key 2400 2600");
        isTheSameInTurns("LSET key -2400 " + "z".repeat(100_000), "LRANGE key -2500 -2300");
    }

    @Test
    void whatTakesManyMembersOutOfASortedSetDoesSoInTurns() {
        String all = "ZRANGE key 0 -1 WITHSCORES";
        for (String command : List.of("ZPOPMIN key 15000", "ZPOPMAX key 15000", "ZPOPMAX key 1000000",
                "ZMPOP 1 key MIN COUNT 12000", "ZREMRANGEBYRANK key 10 15000", "ZREMRANGEBYSCORE key 100 8000",
                "ZREMRANGEBYLEX key [member:00100 [member:19000")) {
            run("DEL", "key");
            zset("key");
            isTheSameInTurns(command, all);
        }
    }

    @Test
    void bitsOfALongStringAreCountedAndSoughtInTurns() {
        run("SETRANGE", "key", "4000000", "some bits");
        isTheSameInTurns("BITCOUNT key", "STRLEN key");
        isTheSameInTurns("BITCOUNT key 3 31999999 BIT", "STRLEN key");
        isTheSameInTurns("BITPOS key 1", "STRLEN key");
        isTheSameInTurns("BITPOS key 1 5 -1 BIT", "STRLEN key");
        run("SETBIT", "key", "32500000", "1");
        isTheSameInTurns("BITCOUNT key", "STRLEN key");
    }

    @Test
    void manyMembersAreDrawnInTurns() {
        set("key");
        for (int asked : new int[]{1100, 15_000, ELEMENTS, 1_000_000}) {
            List<String> drawn = elements(runInTurns(_ -> {}, "SRANDMEMBER", "key", Integer.toString(asked)));
            assertThat(drawn).hasSize(Math.min(asked, ELEMENTS)).doesNotHaveDuplicates();
            assertThat(turns).isGreaterThan(10);
        }
        List<String> drawn = elements(runInTurns(_ -> {}, "SRANDMEMBER", "key", "-30000"));
        assertThat(drawn).hasSize(30_000).allMatch(member -> member.startsWith("member:"));
        assertThat(turns).isGreaterThan(10);
        zset("zset");
        for (int asked : new int[]{1500, 15_000}) {
            drawn = elements(runInTurns(_ -> {}, "ZRANDMEMBER", "zset", Integer.toString(asked)));
            assertThat(drawn).hasSize(asked).doesNotHaveDuplicates();
            assertThat(turns).isGreaterThan(10);
        }
        assertThat(elements(runInTurns(_ -> {}, "ZRANDMEMBER", "zset", "-30000"))).hasSize(30_000);
        assertThat(turns).isGreaterThan(10);
    }

    @Test
    void manyFieldsAreDrawnInTurns() {
        for (int from = 0; from < ELEMENTS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("HSET", "key"));
            for (int i = from; i < from + 1000; i++) {
                words.addAll(List.of("field:" + i, "value:" + i));
            }
            run(words.toArray(String[]::new));
        }
        for (int asked : new int[]{1100, 15_000}) {
            assertThat(elements(runInTurns(_ -> {}, "HRANDFIELD", "key", Integer.toString(asked))))
                    .hasSize(asked)
                    .doesNotHaveDuplicates();
            assertThat(turns).isGreaterThan(10);
        }
        List<String> drawn = elements(runInTurns(_ -> {}, "HRANDFIELD", "key", "-2000", "WITHVALUES"));
        assertThat(drawn).hasSize(4000);
        for (int i = 0; i < drawn.size(); i += 2) {
            assertThat(drawn.get(i + 1)).isEqualTo(drawn.get(i).replace("field", "value"));
        }
    }

    @Test
    void manyMembersArePoppedInTurns() {
        set("key");
        List<String> popped = elements(runInTurns(_ -> {}, "SPOP", "key", "12000"));
        assertThat(turns).isGreaterThan(10);
        List<String> left = elements(run("SMEMBERS", "key"));
        assertThat(popped).hasSize(12_000);
        assertThat(left).hasSize(ELEMENTS - 12_000);
        HashSet<String> all = new HashSet<>(popped);
        all.addAll(left);
        assertThat(all).hasSize(ELEMENTS);
        assertThat(elements(runInTurns(_ -> {}, "SPOP", "key", "1000000"))).containsExactlyInAnyOrderElementsOf(left);
        assertThat(turns).isGreaterThan(10);
        assertThat(run("EXISTS", "key")).isEqualTo(":0\r\n");
    }

    /** The strings of a flat reply. */
    private static List<String> elements(String reply) {
        List<String> lines = Arrays.asList(reply.split("\r\n", -1));
        List<String> found = new ArrayList<>();
        for (int i = 2; i < lines.size(); i += 2) {
            found.add(lines.get(i));
        }
        assertThat(lines.getFirst()).isEqualTo("*" + found.size());
        return found;
    }

    @Test
    void manyArgumentsAreDoneWithInTurns() {
        String[] members = new String[5002];
        String[] fields = new String[10_002];
        String[] scores = new String[10_002];
        String[] places = new String[15_002];
        for (int i = 0; i < 5000; i++) {
            members[i + 2] = "m" + i % 4900;
            fields[2 * i + 2] = members[i + 2];
            fields[2 * i + 3] = "v" + i;
            scores[2 * i + 2] = Integer.toString(i);
            scores[2 * i + 3] = members[i + 2];
            places[3 * i + 2] = Integer.toString(i % 180);
            places[3 * i + 3] = Integer.toString(i % 80);
            places[3 * i + 4] = members[i + 2];
        }
        isTheSameInTurns("LRANGE", members, "RPUSH", "LPUSH", "RPUSHX", "LPUSHX");
        isTheSameInTurns("SMEMBERS", members, "SADD", "SMISMEMBER", "SREM", "SADD");
        isTheSameInTurns("HGETALL", fields, "HSET", "HMSET");
        isTheSameInTurns("HGETALL", members, "HMGET", "HDEL");
        run("DEL", "key", "twin");
        isTheSameInTurns("ZRANGE", scores, "ZADD");
        run(scoresOf("twin", scores));
        run(scoresOf("key", scores));
        isTheSameInTurns("ZRANGE", members, "ZMSCORE", "ZREM");
        isTheSameInTurns("ZRANGE", places, "GEOADD");
        scores[9000] = "none";
        run("DEL", "key");
        assertThat(runInTurns(_ -> {}, scoresOf("key", scores))).isEqualTo("-ERR value is not a valid float\r\n");
        assertThat(run("EXISTS", "key")).isEqualTo(":0\r\n");
    }

    private void isTheSameInTurns(String read, String[] words, String... commands) {
        for (String command : commands) {
            words[0] = command;
            words[1] = "twin";
            String answer = run(words);
            words[1] = "key";
            assertThat(runInTurns(_ -> {}, words)).as(command).isEqualTo(answer);
            assertThat(turns).as(command).isGreaterThan(10);
            assertThat(all(read, "key")).as(command).isEqualTo(all(read, "twin"));
        }
        if (!commands[commands.length - 1].matches("H.*|BITFIELD|PFADD")) {
            run("DEL", "key", "twin");
        }
    }

    @Test
    void manyFieldsPlacesAndNumbersAreDoneWithInTurns() {
        String[] members = new String[5002];
        String[] fields = new String[10_002];
        String[] places = new String[15_002];
        String[] numbers = new String[20_002];
        String[] gets = new String[15_002];
        for (int i = 0; i < 5000; i++) {
            members[i + 2] = "m" + i;
            fields[2 * i + 2] = members[i + 2];
            fields[2 * i + 3] = "v" + i;
            places[3 * i + 2] = Integer.toString(i % 180);
            places[3 * i + 3] = Integer.toString(i % 80);
            places[3 * i + 4] = members[i + 2];
            numbers[4 * i + 2] = i % 3 == 0 ? "SET" : "INCRBY";
            numbers[4 * i + 3] = "u16";
            numbers[4 * i + 4] = "#" + i % 4000;
            numbers[4 * i + 5] = Integer.toString(i);
            gets[3 * i + 2] = "GET";
            gets[3 * i + 3] = "i8";
            gets[3 * i + 4] = Integer.toString(3 * i);
        }
        isTheSameInTurns("GET", members, "PFADD");
        run("DEL", "key", "twin");
        isTheSameInTurns("GET", numbers, "BITFIELD");
        isTheSameInTurns("GET", gets, "BITFIELD_RO", "BITFIELD");
        gets[9000] = "none";
        assertThat(runInTurns(_ -> {}, gets)).startsWith("-ERR");
        for (String key : List.of("key", "twin")) {
            run("DEL", key);
            places[0] = "GEOADD";
            places[1] = key;
            run(places);
        }
        isTheSameInTurns("ZRANGE", members, "GEOPOS", "GEOHASH");
        for (String key : List.of("key", "twin")) {
            run("DEL", key);
            fields[0] = "HSET";
            fields[1] = key;
            run(fields);
        }
        for (String command : List.of("HEXPIREAT _ 4102444800 FIELDS 5000", "HPEXPIRETIME _ FIELDS 5000",
                "HPERSIST _ FIELDS 5000", "HTTL _ FIELDS 5000")) {
            List<String> words = new ArrayList<>(List.of(words(command)));
            words.addAll(Arrays.asList(members).subList(2, members.length));
            isTheSameInTurns("HGETALL", words.toArray(String[]::new), words.getFirst());
        }
    }

    private static String[] scoresOf(String key, String[] words) {
        words[0] = "ZADD";
        words[1] = key;
        return words;
    }

    private List<String> all(String read, String key) {
        String answer = read.endsWith("RANGE") ? run(read, key, "0", "-1") : run(read, key);
        return read.endsWith("RANGE") || read.equals("GET")
                ? List.of(answer)
                : elements(answer).stream().sorted().toList();
    }

    @Test
    void aKeyThatIsDueMeanwhileStaysUntilTheCommandIsDone() {
        list("key", ELEMENTS, "element:");
        run("PEXPIRE", "key", "100000");
        String answer = runInTurns(shard -> {
            // A time that is not yet, for whoever looks for what is due.
            shard.keyspace().expireDue(shard.now() + 200_000, 100_000);
        }, "LREM", "key", "0", "element:6000");
        assertThat(answer).isEqualTo(":3\r\n");
        assertThat(turns).isGreaterThan(10);
        assertThat(run("LLEN", "key")).isEqualTo(":" + (ELEMENTS - 3) + "\r\n");
        on(shard -> shard.keyspace().expireDue(shard.now() + 200_000, 100_000));
        assertThat(run("LLEN", "key")).isEqualTo(":0\r\n");
    }

    @Test
    void whatThrowsIsAnsweredOnceWithAnError() {
        list("key", ELEMENTS, "element:");
        Logger failures = (Logger) LoggerFactory.getLogger(StoreShard.class);
        failures.setLevel(Level.OFF);
        boolean[] done = {false};
        String answer = runInTurns(shard -> {
            if (!done[0]) {
                done[0] = true;
                shard.keyspace().clear();
            }
        }, "LPOP", "key", "15000");
        failures.setLevel(null);
        assertThat(answer).startsWith("-ERR").endsWith("\r\n");
        assertThat(answer.indexOf('\n')).isEqualTo(answer.length() - 1);
    }

    @Test
    void whatNobodyWaitsForAnyMoreIsDoneNevertheless() {
        list("key", ELEMENTS, "element:");
        on(shard -> {
            while (!Shard.needPreempt()) {
                Thread.onSpinWait();
            }
            CommandCall call = shard.call();
            ByteBuf reply = LeftOffTest.begin(shard, call);
            call.mayLeave(true);
            try (ByteStrings arguments = LeftOffTest.arguments("LTRIM", "key", "5", "9")) {
                arguments.load(call, 0, 4, 0);
                shard.run(LeftOffTest.command("LTRIM"), call);
                CommandCall.Unfinished rest = call.takeUnfinished();
                assertThat(rest).isNotNull();
                rest.drop();
            } finally {
                call.mayLeave(false);
            }
            assertThat(LeftOffTest.end(call, reply)).isEmpty();
            assertThat(shard.locks().isFree()).isFalse();
            return null;
        });
        StoreFixture.await("the key is given back", () -> on(shard -> shard.locks().isFree()));
        assertThat(run("LLEN", "key")).isEqualTo(":5\r\n");
    }
}
