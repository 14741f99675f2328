package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import io.solaster.store.command.CommandTable;
import io.solaster.store.persist.Copy;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.StoreShard;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever does again what the effects of a store say comes to the same keys, values, and times. */
final class EffectsTest {
    private static final List<String> KEYS = List.of("a", "b", "c", "{a}d");
    private static final List<String> ARGUMENTS = List.of("a", "b", "c", "{a}d", "1", "2", "0", "-1", "10", "100", "x",
            "value", "0.5", "EX", "PX", "GET", "XX", "NX", "KEEPTTL", "COUNT", "LEFT", "RIGHT", "BEFORE", "AFTER",
            "(1", "+inf", "[a", "-", "+", "*", "FIELDS", "99177117420", "SET", "u8", "INCRBY", "AND", "REPLACE",
            "a longer value that is not a number and needs another block, since it has more than 64 bytes");

    private final StoreFixture fixture = StoreFixture.of(1);
    private RespClient client;
    private Copy copy;

    @BeforeEach
    void listen() {
        client = fixture.connectEmpty();
        on(part -> copy = new Copy(part.keyspace(), part.newTable(), StoreTypes.all()));
    }

    @AfterEach
    void leave() {
        fixture.resetClock();
        on(part -> copy.close());
        client.call("FLUSHALL");
        client.close();
    }

    private void on(Consumer<StoreShard> task) {
        StoreFixture.parts(fixture.store()).sharded().on(0, part -> {
            task.accept(part);
            return true;
        }).join();
    }

    private void check() {
        on(part -> copy.check(part.now()));
    }

    private void check(Draw draw, int commands, Consumer<List<String>> some) {
        draw.repeat(commands, _ -> {
            List<String> done = new ArrayList<>();
            some.accept(done);
            try {
                check();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("after " + done, e);
            }
        });
    }

    private void call(List<String> done, String[] words) {
        done.add(String.join(" ", words));
        client.call(words);
    }

    @Test
    void ofEveryCommand() {
        List<Command> commands = CommandTable.all().stream().filter(EffectsTest::isOfKeys).toList();
        Property.check(1, 1, draw -> check(draw, 300, done -> {
            for (int i = 0; i < 20; i++) {
                Command command = commands.get(draw.nextInt(commands.size()));
                int least = Math.abs(command.arity());
                int most = command.arity() < 0 ? least + 3 : least;
                String[] words = new String[least + draw.nextInt(most - least + 1)];
                words[0] = command.name();
                for (int w = 1; w < words.length; w++) {
                    words[w] = w == 1 ? draw.of(KEYS) : draw.of(ARGUMENTS);
                }
                call(done, words);
            }
        }));
    }

    /** Those that wait are left out: nobody would wake them. */
    private static boolean isOfKeys(Command command) {
        return command.route() == Command.Route.KEYS && command.subcommands().isEmpty()
                && !command.name().matches("b[lrz].*|x.*|wait.*");
    }

    @Test
    void ofHashesAndSetsSmallAndLarge() {
        for (int elements : new int[]{10, 1_000}) {
            Property.check(1, 100, draw -> check(draw, 4, done -> {
                for (int i = 0; i < 100; i++) {
                    String[] words = CollectionChance.command(draw, elements);
                    done.add(String.join(" ", words));
                    client.send(words);
                }
                for (int i = 0; i < 100; i++) {
                    client.reply();
                }
            }));
        }
        on(part -> copy.checkPieces(part.now()));
    }

    @Test
    void ofListsSmallAndLarge() {
        Property.check(1, 1, draw -> check(draw, 60, done -> {
            for (int i = 0; i < 40; i++) {
                call(done, list(draw));
            }
        }));
        on(part -> copy.checkPieces(part.now()));
    }

    private static String[] list(Draw draw) {
        String key = draw.of(KEYS);
        String value = draw.of("1", "2", "three", "x".repeat(100), "y".repeat(3_000), "");
        String index = Integer.toString(draw.nextInt(400) - 200);
        return switch (draw.nextInt(14)) {
            case 0, 1, 2 -> new String[]{"RPUSH", key, value, "1", "2", "middle", Integer.toString(draw.nextInt())};
            case 3, 4 -> new String[]{"LPUSH", key, value, "2", "1", "middle"};
            case 5 -> new String[]{draw.of("LPOP", "RPOP"), key, draw.of("1", "3")};
            case 6 -> new String[]{"LINSERT", key, draw.of("BEFORE", "AFTER"), "middle", value};
            case 7, 8 -> new String[]{"LSET", key, index, value};
            case 9 -> new String[]{"LREM", key, draw.of("1", "-2", "0"), draw.of("1", "2", "three")};
            case 10 -> new String[]{"LTRIM", key, draw.of("0", "2"), draw.of("-1", "-3", "150")};
            case 11 -> new String[]{"RENAME", key, draw.of(KEYS)};
            case 12 -> new String[]{"PEXPIREAT", key, "99177117420000"};
            default -> new String[]{"RPUSHX", key, value};
        };
    }

    @Test
    void ofSortedSetsSmallAndLarge() {
        Property.check(1, 1, draw -> check(draw, 60, done -> {
            for (int i = 0; i < 40; i++) {
                call(done, sortedSet(draw));
            }
        }));
        on(part -> copy.checkPieces(part.now()));
    }

    private static String[] sortedSet(Draw draw) {
        String key = draw.of(KEYS);
        String member = draw.oneIn(50) ? "m".repeat(100) : Integer.toString(draw.nextInt(500));
        String score = draw.of("1", "-0", "0", "2.5", "-inf", "+inf", "1e300", Integer.toString(draw.nextInt(1_000)));
        return switch (draw.nextInt(12)) {
            case 0, 1, 2, 3, 4, 5 -> new String[]{"ZADD", key, score, member, "7", member + "b"};
            case 6 -> new String[]{"ZINCRBY", key, score, member};
            case 7 -> new String[]{"ZREM", key, member, member + "b"};
            case 8 -> new String[]{draw.of("ZPOPMIN", "ZPOPMAX"), key, draw.of("1", "4")};
            case 9 -> new String[]{"ZREMRANGEBYRANK", key, draw.of("0", "3"), draw.of("5", "-40", "-60")};
            case 10 -> new String[]{"ZREMRANGEBYSCORE", key, "5", "20"};
            default -> new String[]{"RENAME", key, draw.of(KEYS)};
        };
    }

    @Test
    void ofStringsThatGrowInPlace() {
        for (int i = 0; i < 500; i++) {
            client.call("APPEND", "a", "some bytes " + i);
            client.call("SETRANGE", "b", Integer.toString(i * 7), "part");
            client.call("SETBIT", "c", Integer.toString(i * 31), "1");
            client.call("SETBIT", "c", Integer.toString(i * 5), "0");
            client.call("BITFIELD", "c", "INCRBY", "u8", "100", Integer.toString(i));
            client.call("PFADD", "h", "e" + i);
            client.call("INCR", "n");
            client.call("INCRBYFLOAT", "f", "0.25");
        }
        check();
        on(part -> copy.checkPieces(part.now()));
    }

    @Test
    void ofTime() {
        for (int i = 0; i < 200; i++) {
            client.call("SET", "key" + i, "value", "PX", Integer.toString(100_000 + i));
            client.call("HSET", "gone", "field" + i, "value");
            client.call("HPEXPIRE", "gone", Integer.toString(100_000 + i), "FIELDS", "1", "field" + i);
            client.call("HSET", "left", "field" + i, "value");
            client.call("HPEXPIRE", "left", Integer.toString(100_000 + i), "FIELDS", "1", "field" + i);
        }
        client.call("HSET", "left", "field", "value");
        check();
        fixture.advance(Duration.ofMinutes(2));
        assertThat(client.call("HGETALL", "left")).isEqualTo("*2|$5|field|$5|value");
        check();
        StoreFixture.await("all are expired", () -> fixture.store().size() == 1);
        check();
    }

    @Test
    void ofFlushAndOfCodeOfTheProcess() {
        client.call("MSET", "a", "1", "b", "2");
        client.call("FLUSHALL");
        check();
        fixture.store().strings().set("a", new byte[]{1}).join();
        fixture.store().strings().set("b", new byte[]{1}, Duration.ofMinutes(1)).join();
        fixture.store().strings().remove("a").join();
        check();
    }
}
