package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.store.rdb.Foreign;
import io.solaster.store.rdb.ForeignValues;
import io.solaster.store.rdb.ForeignValues.Value;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Values become bytes and values again, whoever wrote them; what is no value becomes nothing. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class RestoreTest extends ClientTest {
    private static final String BAD_DATA = "-ERR Bad data format";
    private static final int VERSION = 12;

    /** Each byte one character. */
    static String text(byte[] bytes) {
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private String restore(String key, byte[] dump, String... options) {
        List<String> words = new ArrayList<>(List.of("RESTORE", key, "0", text(dump)));
        words.addAll(List.of(options));
        return client.call(words.toArray(String[]::new));
    }

    /** As {@code DUMP} answers it; null for no key. */
    static byte[] dump(RespClient from, String key) {
        byte[] reply = from.send("DUMP", key).replyBytes();
        String header = text(Arrays.copyOf(reply, Math.min(20, reply.length)));
        assertThat(header).startsWith("$");
        int begin = header.indexOf('\n') + 1;
        return header.startsWith("$-1") ? null : Arrays.copyOfRange(reply, begin, reply.length - 2);
    }

    /** The strings of an array, those of sets and hashes in an order of their own. */
    static List<String> content(RespClient from, List<String> command) {
        byte[] reply = from.send(command.toArray(String[]::new)).replyBytes();
        List<String> strings = new ArrayList<>();
        String all = text(reply);
        int at = all.startsWith("$") ? 0 : all.indexOf('\n') + 1;
        while (at < all.length()) {
            int end = all.indexOf('\r', at);
            int length = Integer.parseInt(all.substring(at + 1, end));
            strings.add(all.substring(end + 2, end + 2 + length));
            at = end + 4 + length;
        }
        return inOrder(command.get(0), strings);
    }

    private static List<String> inOrder(String command, List<String> strings) {
        if (command.equals("HGETALL")) {
            List<String> pairs = new ArrayList<>();
            for (int i = 0; i < strings.size(); i += 2) {
                pairs.add(strings.get(i) + "\n" + strings.get(i + 1));
            }
            Collections.sort(pairs);
            return pairs;
        }
        if (command.equals("SMEMBERS")) {
            List<String> sorted = new ArrayList<>(strings);
            Collections.sort(sorted);
            return sorted;
        }
        return strings;
    }

    private void hasContent(Value value) {
        hasContent(client, value);
    }

    /** Fails if the key "key" has not this value. */
    static void hasContent(RespClient client, Value value) {
        assertThat(content(client, value.command())).isEqualTo(inOrder(value.command().get(0), value.content()));
    }

    @Test
    void whatAnyRedisWroteIsRead() {
        for (Value value : ForeignValues.all()) {
            for (int version : new int[]{1, 6, 9, 10, 11, 12}) {
                assertThat(restore("key", new Foreign().raw(value.bytes()).dump(version), "REPLACE"))
                        .as("%s of version %s", value, version).isEqualTo("+OK");
            }
            hasContent(value);
        }
    }

    @Test
    void whatIsDumpedIsTheSameValueOnceMore() {
        for (Value value : ForeignValues.all()) {
            restore("other", new Foreign().raw(value.bytes()).dump(VERSION), "REPLACE");
            byte[] dump = dump(client, "other");
            assertThat(restore("key", dump, "REPLACE")).as(value.name()).isEqualTo("+OK");
            hasContent(value);
            assertThat(client.call("OBJECT", "ENCODING", "key")).as(value.name())
                    .isEqualTo(client.call("OBJECT", "ENCODING", "other"));
        }
    }

    @Test
    void largeValuesAreDumpedAndRestoredInSteps() {
        List<String> members = IntStream.range(0, 12_000).mapToObj(i -> "member:" + i).toList();
        for (String add : List.of("RPUSH", "SADD", "HSET", "ZADD")) {
            for (int from = 0; from < members.size(); from += 1_000) {
                List<String> words = new ArrayList<>(List.of(add, "large"));
                for (int i = from; i < from + 1_000; i++) {
                    if (add.equals("ZADD")) {
                        words.add(Integer.toString(i % 100));
                    }
                    words.add(members.get(i));
                    if (add.equals("HSET")) {
                        words.add(Integer.toString(i));
                    }
                }
                client.call(words.toArray(String[]::new));
            }
            List<String> ask = switch (add) {
                case "RPUSH" -> List.of("LRANGE", "large", "0", "-1");
                case "SADD" -> List.of("SMEMBERS", "large");
                case "HSET" -> List.of("HGETALL", "large");
                default -> List.of("ZRANGE", "large", "0", "-1", "WITHSCORES");
            };
            List<String> content = content(client, ask);
            byte[] dump = dump(client, "large");
            assertThat(client.call("DEL", "large")).isEqualTo(":1");
            assertThat(restore("large", dump)).isEqualTo("+OK");
            assertThat(content(client, ask)).isEqualTo(content);
            assertThat(restore("large", dump)).isEqualTo("-BUSYKEY Target key name already exists.");
            client.call("DEL", "large");
        }
    }

    @Test
    void fieldsKeepTheirTimesAndThoseThatHaveExpiredAreLeftOut() {
        byte[] dump = Foreign.of(24).little(1_000, 8).count(3).count(1).string("past").string("1").count(0)
                .string("stays").string("2").count(4_000_000_000_000L).string("later").string("3").dump(VERSION);
        assertThat(restore("h", dump)).isEqualTo("+OK");
        assertThat(content(client, List.of("HGETALL", "h"))).containsExactly("later\n3", "stays\n2");
        assertThat(client.call("HPEXPIRETIME", "h", "FIELDS", "2", "stays", "later"))
                .isEqualTo("*2|:-1|:4000000000999");
        byte[] again = dump(client, "h");
        assertThat(again[again.length - 10]).isEqualTo((byte) VERSION);
        assertThat(restore("i", again)).isEqualTo("+OK");
        assertThat(client.call("HPEXPIRETIME", "i", "FIELDS", "2", "stays", "later"))
                .isEqualTo("*2|:-1|:4000000000999");
        byte[] past = Foreign.of(24).little(1_000, 8).count(1).count(1).string("past").string("1").dump(VERSION);
        assertThat(restore("i", past, "REPLACE")).isEqualTo("+OK");
        assertThat(client.call("EXISTS", "i")).isEqualTo(":0");
    }

    @Test
    void optionsAreRedis() {
        byte[] list = Foreign.of(1).count(1).string("a").dump(10);
        assertThat(client.call("RESTORE", "l", "100000", text(list))).isEqualTo("+OK");
        assertThat(Long.parseLong(client.call("PTTL", "l").substring(1))).isBetween(1L, 100_000L);
        assertThat(restore("l", list)).isEqualTo("-BUSYKEY Target key name already exists.");
        assertThat(client.call("RESTORE", "l", "4000000000000", text(list), "REPLACE", "ABSTTL")).isEqualTo("+OK");
        assertThat(client.call("PEXPIRETIME", "l")).isEqualTo(":4000000000000");
        assertThat(restore("l", list, "REPLACE", "IDLETIME", "1000")).isEqualTo("+OK");
        assertThat(Long.parseLong(client.call("OBJECT", "IDLETIME", "l").substring(1))).isBetween(1_000L, 1_900L);
        assertThat(client.call("RESTORE", "l", "1", text(list), "REPLACE", "ABSTTL")).isEqualTo("+OK");
        assertThat(client.call("EXISTS", "l")).isEqualTo(":0");
        assertThat(restore("l", list, "IDLETIME", "1", "FREQ", "1")).isEqualTo("-ERR syntax error");
        client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu");
        try {
            assertThat(restore("l", list, "FREQ", "100")).isEqualTo("+OK");
            // It is one less in the next minute.
            assertThat(client.call("OBJECT", "FREQ", "l")).isIn(":99", ":100");
        } finally {
            client.call("CONFIG", "SET", "maxmemory-policy", "noeviction");
        }
    }

    private void isBad(String name, Foreign value) {
        client.call("SET", "key", "as it was");
        assertThat(restore("key", value.dump(VERSION), "REPLACE")).as(name).isEqualTo(BAD_DATA);
        assertThat(client.call("GET", "key")).as(name).isEqualTo("$9|as it was");
    }

    @Test
    void whatIsNoValueChangesNothing() {
        isBad("nothing", new Foreign());
        for (int type : new int[]{1, 2, 3, 4, 5, 14, 18}) {
            isBad("an empty one", Foreign.of(type).count(0));
            isBad("one that is not there", Foreign.of(type).count(1));
            isBad("gigabytes of elements", Foreign.of(type).count(0xffff_ffffL).string("a").string("b"));
            isBad("more than there are numbers for", Foreign.of(type).count(-1).string("a"));
            isBad("an element of gigabytes", Foreign.of(type).count(1).bytes(0x80, 0xff, 0xff, 0xff, 0xff));
            isBad("an element of exabytes", Foreign.of(type).count(1).bytes(0x81).little(-1L >>> 1, 8));
        }
        for (int type : new int[]{9, 10, 11, 12, 13, 16, 17, 20}) {
            isBad("an empty piece", Foreign.of(type).string(""));
            isBad("a piece of nothing", Foreign.of(type).string(type == 11
                    ? Foreign.intset(2)
                    : type == 9
                            ? Foreign.zipmap(List.of())
                            : type < 14 ? Foreign.ziplist(List.of()) : Foreign.listpack(List.of())));
            isBad("a piece of gigabytes", Foreign.of(type).bytes(0xc3).count(3).count(0xffff_ffffL).bytes(0, 0, 0));
        }
        isBad("a member twice", Foreign.of(2).count(2).string("a").string("a"));
        isBad("a field twice", Foreign.of(4).count(2).string("a").string("1").string("a").string("2"));
        isBad("a score that is none",
                Foreign.of(5).count(1).string("a").little(Double.doubleToLongBits(Double.NaN), 8));
        isBad("a score that is none", Foreign.of(3).count(1).string("a").bytes(253));
        isBad("a score of no digits", Foreign.of(3).count(1).string("a").bytes(1, 'x'));
        isBad("a score of no digits", Foreign.of(17).string(Foreign.listpack(List.of("a", "0x1p3"))));
        isBad("a scored member twice", Foreign.of(17).string(Foreign.listpack(List.of("a", "1", "a", "2"))));
        isBad("a member without a score", Foreign.of(17).string(Foreign.listpack(List.of("a", "1", "b"))));
        isBad("a field without a value", Foreign.of(16).string(Foreign.listpack(List.of("a", "1", "b"))));
        isBad("a field without a value", Foreign.of(9).string(Foreign.zipmap(List.of("a", "1", "b"))));
        isBad("numbers in no order", Foreign.of(11).string(Foreign.intset(2, 2, 1)));
        isBad("numbers twice", Foreign.of(11).string(Foreign.intset(8, 2, 2)));
        isBad("numbers of three bytes", Foreign.of(11).string(Foreign.intset(3, 1, 2)));
        isBad("a node of no kind", Foreign.of(18).count(1).count(3).string(Foreign.listpack(List.of("a"))));
        isBad("more behind it", Foreign.of(1).count(1).string("a").string("b"));
        for (int type : new int[]{6, 7, 8, 22, 23, 26, 99, 255}) {
            isBad("a type that there is not", Foreign.of(type).count(1).string("a"));
        }
        for (int type : new int[]{15, 19, 21}) {
            assertThat(restore("s", Foreign.of(type).count(1).dump(VERSION))).isEqualTo(BAD_DATA);
        }
    }

    @Test
    void ofAChangedDumpNothingIsBelieved() {
        long before = used();
        List<Value> values = ForeignValues.all();
        Property.check(shards, Integer.getInteger("solaster.fuzz.trials", 400), Duration.ofSeconds(5), draw -> {
            byte[] value = draw.of(values).bytes();
            byte[] changed = switch (draw.nextInt(4)) {
                case 0 -> {
                    byte[] flipped = value.clone();
                    for (int i = draw.nextInt(3); i >= 0; i--) {
                        // What tells lengths and counts is mostly at the beginning.
                        int at = draw.nextInt(draw.nextBoolean() ? Math.min(32, value.length) : value.length);
                        flipped[at] = draw.nextBoolean()
                                ? (byte) draw.nextInt(256)
                                : (byte) (flipped[at] ^ 1 << draw.nextInt(8));
                    }
                    yield flipped;
                }
                case 1 -> Arrays.copyOf(value, draw.nextInt(value.length));
                case 2 -> {
                    int from = draw.nextInt(value.length);
                    yield new Foreign().raw(Arrays.copyOf(value, from))
                            .raw(Arrays.copyOfRange(value, draw.nextInt(from + 1), value.length)).toBytes();
                }
                default -> {
                    int from = draw.nextInt(value.length);
                    yield new Foreign().raw(Arrays.copyOf(value, from)).bytes(0xff, 0xff, 0xff, 0x7f)
                            .raw(Arrays.copyOfRange(value, Math.min(value.length, from + 4), value.length)).toBytes();
                }
            };
            client.call("SET", "key", "as it was");
            byte[] dump = new Foreign().raw(changed).dump(VERSION);
            String reply = restore("key", dump, "REPLACE");
            if (reply.equals("+OK")) {
                // It is another value, and whole.
                byte[] again = dump(client, "key");
                if (again != null) {
                    assertThat(restore("again", again, "REPLACE")).isEqualTo("+OK");
                }
            } else {
                assertThat(reply).startsWith(BAD_DATA);
                assertThat(client.call("GET", "key")).isEqualTo("$9|as it was");
            }
            dump[draw.nextInt(dump.length)] ^= (byte) (1 + draw.nextInt(255));
            assertThat(restore("key", dump, "REPLACE")).isEqualTo("-ERR DUMP payload version or checksum are wrong");
        });
        client.call("DEL", "key", "again");
        StoreFixture.await("nothing is left of what was refused", () -> used() <= before);
    }

    /** Bytes of entries and nodes. */
    private long used() {
        return StoreFixture.parts(store.store()).sharded().onAll(part -> part.keyspace().liveBytes()).join().stream()
                .mapToLong(Long::longValue).sum();
    }
}
