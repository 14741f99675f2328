package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Databases beside number 0: what is done in one is seen in that one alone. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class DatabasesTest extends ClientTest {
    private static final int KEYS = 300;

    private final List<RespClient> others = new ArrayList<>();

    @AfterEach
    void leave() {
        others.forEach(RespClient::close);
    }

    private RespClient in(int database) {
        RespClient other = store.connect();
        others.add(other);
        ok(other, "SELECT", Integer.toString(database));
        return other;
    }

    private static void ok(RespClient client, String... command) {
        assertThat(client.call(command)).isEqualTo("+OK");
    }

    private static void fill(RespClient client, String value) {
        for (int i = 0; i < KEYS; i++) {
            client.send("SET", "key:" + i, value);
        }
        for (int i = 0; i < KEYS; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
        }
    }

    private static TreeSet<String> scanned(RespClient client) {
        TreeSet<String> found = new TreeSet<>();
        String cursor = "0";
        do {
            String[] reply = client.call("SCAN", cursor, "COUNT", "50").split("\\|");
            cursor = reply[2];
            Arrays.stream(reply).filter(each -> each.startsWith("key:")).forEach(found::add);
        } while (!cursor.equals("0"));
        return found;
    }

    /** A client that has sent a command and waits. */
    private RespClient blocked(int database, String... command) {
        RespClient other = in(database);
        int before = blocked();
        other.send(command);
        StoreFixture.await(String.join(" ", command) + " waits", () -> blocked() == before + 1);
        return other;
    }

    private int blocked() {
        String info = client.call("INFO", "clients");
        int at = info.indexOf("blocked_clients:") + "blocked_clients:".length();
        return Integer.parseInt(info.substring(at, info.indexOf('|', at)));
    }

    @Test
    void eachDatabaseHasItsOwnKeys() {
        RespClient third = in(3);
        fill(client, "zero");
        fill(third, "three");
        ok(third, "SET", "more", "1");
        ok(client, "MSET", "key:1", "changed", "key:2", "changed", "key:3", "changed");
        assertThat(third.call("MGET", "key:1", "key:2", "more")).isEqualTo("*3|$5|three|$5|three|$1|1");
        assertThat(client.call("MGET", "key:1", "key:4", "more")).isEqualTo("*3|$7|changed|$4|zero|$-1");
        assertThat(client.call("DBSIZE")).isEqualTo(":" + KEYS);
        assertThat(third.call("DBSIZE")).isEqualTo(":" + (KEYS + 1));
        assertThat(in(2).call("DBSIZE")).isEqualTo(":0");
        assertThat(in(2).call("RANDOMKEY")).isEqualTo("$-1");
        assertThat(third.call("DEL", "key:0", "key:1", "key:2")).isEqualTo(":3");
        assertThat(scanned(client)).hasSize(KEYS);
        assertThat(scanned(third)).hasSize(KEYS - 3);
        assertThat(scanned(in(2))).isEmpty();
        assertThat(third.call("EXPIRE", "key:9", "1000")).isEqualTo(":1");
        assertThat(client.call("INFO", "keyspace")).contains("|db0:keys=300,expires=0,avg_ttl=0|",
                "|db3:keys=298,expires=1,avg_ttl=0|").doesNotContain("db1", "db2");
        assertThat(store.store().size()).isEqualTo(598);
        ok(third, "FLUSHDB");
        assertThat(third.call("DBSIZE")).isEqualTo(":0");
        assertThat(scanned(client)).hasSize(KEYS);
        fill(third, "again");
        ok(client, "FLUSHALL");
        assertThat(third.call("DBSIZE")).isEqualTo(":0");
    }

    @Test
    void oneConnectionGoesFromOneToTheOtherWithinAPipeline() {
        for (int i = 0; i < 100; i++) {
            client.send("SELECT", Integer.toString(i % 3));
            client.send("INCR", "key:" + i % 7);
            client.send("MSET", "a", Integer.toString(i % 3), "b", "x", "c", "x", "d", "x");
            client.send("MGET", "a", "b", "c", "d");
        }
        for (int i = 0; i < 100; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).startsWith(":");
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo("*4|$1|" + i % 3 + "|$1|x|$1|x|$1|x");
        }
        long counted = 0;
        for (int database = 0; database < 3; database++) {
            RespClient each = in(database);
            for (int key = 0; key < 7; key++) {
                counted += Long.parseLong(each.call("INCRBY", "key:" + key, "0").substring(1));
            }
        }
        assertThat(counted).isEqualTo(100);
    }

    @Test
    void aKeyIsMovedAsItIsAndLargeValuesToo() {
        RespClient fifth = in(5);
        List<String> push = new ArrayList<>(List.of("RPUSH", "list"));
        List<String> put = new ArrayList<>(List.of("HSET", "hash"));
        for (int i = 0; i < 2_000; i++) {
            push.add("element:" + i);
            put.addAll(List.of("field:" + i, "value:" + i));
        }
        client.call(push.toArray(String[]::new));
        client.call(put.toArray(String[]::new));
        ok(client, "SET", "string", "x".repeat(200_000));
        client.call("PEXPIREAT", "list", "99177117420000");
        String list = client.call("LRANGE", "list", "0", "-1");
        String hash = client.call("HGET", "hash", "field:1999");
        for (String key : List.of("list", "hash", "string")) {
            assertThat(client.call("COPY", key, "copy of " + key, "DB", "7")).isEqualTo(":1");
            assertThat(client.call("MOVE", key, "5")).isEqualTo(":1");
            assertThat(client.call("EXISTS", key)).isEqualTo(":0");
        }
        assertThat(fifth.call("LRANGE", "list", "0", "-1")).isEqualTo(list);
        assertThat(fifth.call("PEXPIRETIME", "list")).isEqualTo(":99177117420000");
        assertThat(fifth.call("HGET", "hash", "field:1999")).isEqualTo(hash);
        assertThat(fifth.call("STRLEN", "string")).isEqualTo(":200000");
        RespClient seventh = in(7);
        assertThat(seventh.call("LRANGE", "copy of list", "0", "-1")).isEqualTo(list);
        assertThat(seventh.call("PEXPIRETIME", "copy of list")).isEqualTo(":99177117420000");
        assertThat(seventh.call("HLEN", "copy of hash")).isEqualTo(":2000");
        assertThat(seventh.call("STRLEN", "copy of string")).isEqualTo(":200000");
        ok(fifth, "FLUSHDB");
        assertThat(seventh.call("LRANGE", "copy of list", "0", "-1")).isEqualTo(list);
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
    }

    @Test
    void whoWaitsIsServedInItsDatabaseAlone() {
        RespClient second = blocked(2, "BLPOP", "l", "0");
        RespClient several = blocked(2, "BLPOP", "x", "y", "z", "l", "0");
        RespClient pairs = blocked(3, "BLMOVE", "l", "m", "LEFT", "LEFT", "0");
        assertThat(client.call("RPUSH", "l", "zero")).isEqualTo(":1");
        assertThat(in(3).call("RPUSH", "l", "three")).isEqualTo(":1");
        assertThat(pairs.reply()).isEqualTo("$5|three");
        assertThat(in(2).call("RPUSH", "l", "a", "b")).isEqualTo(":2");
        assertThat(second.reply()).isEqualTo("*2|$1|l|$1|a");
        assertThat(several.reply()).isEqualTo("*2|$1|l|$1|b");
        assertThat(client.call("LRANGE", "l", "0", "-1")).isEqualTo("*1|$4|zero");
        assertThat(in(3).call("LRANGE", "m", "0", "-1")).isEqualTo("*1|$5|three");
    }

    @Test
    void whoWaitsIsServedWithWhatIsMovedOrSwappedThere() {
        RespClient list = blocked(2, "BLPOP", "l", "0");
        RespClient pairs = blocked(2, "BLMOVE", "p", "q", "LEFT", "LEFT", "0");
        RespClient several = blocked(2, "BZPOPMIN", "x", "y", "z", "0");
        client.call("RPUSH", "l", "moved");
        assertThat(client.call("MOVE", "l", "2")).isEqualTo(":1");
        assertThat(list.reply()).isEqualTo("*2|$1|l|$5|moved");
        client.call("RPUSH", "p", "swapped");
        client.call("ZADD", "z", "1", "m");
        ok(client, "SWAPDB", "0", "2");
        assertThat(pairs.reply()).isEqualTo("$7|swapped");
        assertThat(several.reply()).isEqualTo("*3|$1|z|$1|m|$1|1");
        assertThat(in(2).call("LRANGE", "q", "0", "-1")).isEqualTo("*1|$7|swapped");
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
    }

    @Test
    void swapIsOneStepForAllShards() throws Exception {
        String[] set = new String[1 + 2 * 8];
        String[] get = new String[1 + 8];
        set[0] = "MSET";
        get[0] = "MGET";
        for (int i = 0; i < 8; i++) {
            get[1 + i] = "key:" + i;
            set[1 + 2 * i] = "key:" + i;
        }
        for (int database = 0; database < 2; database++) {
            for (int i = 0; i < 8; i++) {
                set[2 + 2 * i] = Integer.toString(database);
            }
            ok(in(database), set);
        }
        RespClient swapper = in(0);
        Thread swaps = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 500; i++) {
                swapper.call("SWAPDB", "0", "1");
            }
        });
        String zero = "*8" + "|$1|0".repeat(8);
        String one = "*8" + "|$1|1".repeat(8);
        while (swaps.isAlive()) {
            assertThat(client.call(get)).isIn(zero, one);
            client.send("MULTI").send(get).send("SELECT", "1").send(get).send("SELECT", "0").send("EXEC");
            for (int i = 0; i < 5; i++) {
                assertThat(client.reply()).startsWith("+");
            }
            assertThat(client.reply()).isIn("*4|" + zero + "|+OK|" + one + "|+OK",
                    "*4|" + one + "|+OK|" + zero + "|+OK");
        }
        swaps.join();
    }

    @Test
    void watchedKeysAreThoseOfTheirDatabase() {
        RespClient third = in(3);
        ok(third, "WATCH", "a", "b", "c", "d");
        ok(client, "MSET", "a", "1", "b", "1", "c", "1", "d", "1");
        ok(third, "MULTI");
        third.call("SET", "a", "3");
        assertThat(third.call("EXEC")).isEqualTo("*1|+OK");
        ok(third, "WATCH", "a", "b", "c", "d");
        ok(client, "SWAPDB", "0", "3");
        ok(third, "MULTI");
        third.call("PING");
        assertThat(third.call("EXEC")).isEqualTo("*-1");
        ok(third, "WATCH", "e");
        ok(client, "SWAPDB", "0", "3");
        client.call("MOVE", "a", "4");
        ok(third, "MULTI");
        third.call("PING");
        assertThat(third.call("EXEC")).isEqualTo("*1|+PONG");
    }

    @Test
    void keysExpireInAllDatabases() {
        for (int database = 0; database < 4; database++) {
            RespClient each = in(database);
            for (int i = 0; i < 20; i++) {
                ok(each, "SET", "key:" + i, "x", "EX", "100");
            }
            ok(each, "SET", "stays", "x");
        }
        store.advance(java.time.Duration.ofSeconds(200));
        StoreFixture.await("what was due is gone", () -> store.store().size() == 4);
        assertThat(in(3).call("DBSIZE")).isEqualTo(":1");
        assertThat(client.call("GET", "key:1")).isEqualTo("$-1");
    }

    @Test
    void scriptsHaveADatabaseOfTheirOwn() {
        RespClient second = in(2);
        String[] keys = {"a", "b", "c", "d"};
        List<String> script = new ArrayList<>(List.of("EVAL", """
                for i = 1, 4 do redis.call('set', KEYS[i], 'two') end
                redis.call('select', 9)
                for i = 1, 4 do redis.call('set', KEYS[i], 'nine') end
                return redis.call('mget', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
                """, "4"));
        script.addAll(List.of(keys));
        assertThat(second.call(script.toArray(String[]::new))).isEqualTo("*4" + "|$4|nine".repeat(4));
        assertThat(second.call("MGET", "a", "b", "c", "d")).isEqualTo("*4" + "|$3|two".repeat(4));
        assertThat(in(9).call("MGET", "a", "b", "c", "d")).isEqualTo("*4" + "|$4|nine".repeat(4));
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
        // It begins anew, with the keys of all shards.
        assertThat(second.call("EVAL", "redis.call('select', 5) return redis.call('dbsize')", "0")).isEqualTo(":0");
        assertThat(second.call("EVAL", "return redis.call('dbsize')", "0")).isEqualTo(":4");
        second.call("EVAL", "redis.call('set', ARGV[1], 'x') redis.call('set', ARGV[2], 'x')", "0", "e", "f");
        assertThat(second.call("DBSIZE")).isEqualTo(":6");
    }

    @Test
    void whatIsToldOfClientsAndCommandsNamesTheDatabase() {
        RespClient sixth = in(6);
        assertThat(sixth.call("CLIENT", "INFO")).contains(" db=6 ");
        RespClient monitor = store.connect();
        others.add(monitor);
        ok(monitor, "MONITOR");
        ok(sixth, "SET", "a", "1");
        assertThat(monitor.reply()).contains(" [6 127.0.0.1:").endsWith("\"SET\" \"a\" \"1\"");
        assertThat(sixth.call("HELLO", "2")).contains("standalone");
        assertThat(sixth.call("GET", "a")).isEqualTo("$1|1");
        assertThat(sixth.call("RESET")).isEqualTo("+RESET");
        assertThat(sixth.call("GET", "a")).isEqualTo("$-1");
        assertThat(sixth.call("CLIENT", "INFO")).contains(" db=0 ");
    }

    @Test
    void codeOfTheProcessUsesNumberZero() {
        RespClient first = in(1);
        ok(first, "SET", "a", "one");
        assertThat(first.call("GET", "a")).isEqualTo("$3|one");
        assertThat(store.store().strings().get("a").join()).isNull();
        store.store().strings().set("a", "zero".getBytes(java.nio.charset.StandardCharsets.UTF_8)).join();
        assertThat(first.call("GET", "a")).isEqualTo("$3|one");
        assertThat(client.call("GET", "a")).isEqualTo("$4|zero");
        ok(first, "SET", "prefix:1", "one");
        assertThat(store.store().removeAll("prefix:").join()).isZero();
        assertThat(first.call("EXISTS", "prefix:1")).isEqualTo(":1");
    }
}
