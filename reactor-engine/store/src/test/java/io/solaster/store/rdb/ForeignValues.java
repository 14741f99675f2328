package io.solaster.store.rdb;

import static io.solaster.store.rdb.Foreign.intset;
import static io.solaster.store.rdb.Foreign.listpack;
import static io.solaster.store.rdb.Foreign.ziplist;
import static io.solaster.store.rdb.Foreign.zipmap;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** One value of each form that a Redis ever wrote, and how it reads. */
public final class ForeignValues {
    /**
     * A value.
     *
     * @param name of the form
     * @param bytes without version and check sum
     * @param command answers what is in it
     * @param content what that is, in order
     */
    public record Value(String name, byte[] bytes, List<String> command, List<String> content) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Elements of all lengths and widths that are told apart. */
    public static final List<String> ELEMENTS = elements();
    private static final String[] LIST = {"LRANGE", "key", "0", "-1"};
    private static final String[] SET = {"SMEMBERS", "key"};
    private static final String[] ZSET = {"ZRANGE", "key", "0", "-1", "WITHSCORES"};
    private static final String[] HASH = {"HGETALL", "key"};

    private ForeignValues() {}

    private static List<String> elements() {
        List<String> all = new ArrayList<>(List.of("", "a", "0", "12", "13", "127", "128", "-1", "-4096", "4095",
                "4096",
                "-4097", "32767", "-32768", "32768", "8388607", "-8388608", "8388608", "2147483647", "-2147483648",
                "2147483648", "999999999999999999", "-999999999999999999", "007", "1.5", "\0\r\n\u00ff"));
        for (int length : new int[]{63, 64, 127, 128, 253, 254, 255, 4095, 4096, 16_383, 16_384, 20_000}) {
            all.add("x".repeat(length));
        }
        return List.copyOf(all);
    }

    private static Value value(String name, Foreign bytes, String[] command, List<String> content) {
        return new Value(name, bytes.toBytes(), List.of(command), content);
    }

    private static Foreign each(Foreign to, List<String> strings) {
        strings.forEach(to::string);
        return to;
    }

    /** Small ones and large ones. */
    public static List<Value> all() {
        List<String> few = List.of("1", "b", "-300", "x".repeat(70));
        List<String> pairs = pairs(ELEMENTS);
        List<String> fewPairs = List.of("f", "1", "g", "", "77", "x".repeat(40));
        List<String> many = IntStream.range(0, 1_000).mapToObj(i -> "member:" + i).toList();
        List<Value> all = new ArrayList<>();
        all.add(value("string", Foreign.of(0).string("hello"), new String[]{"GET", "key"}, List.of("hello")));
        all.add(value("number", Foreign.of(0).bytes(0xc1, 0x39, 0x30), new String[]{"GET", "key"}, List.of("12345")));
        all.add(value("compressed", Foreign.of(0).bytes(0xc3, 5, 10, 0, 'a', 0xe0, 0, 0),
                new String[]{"GET", "key"}, List.of("a".repeat(10))));
        all.add(value("list", each(Foreign.of(1).count(ELEMENTS.size()), ELEMENTS), LIST, ELEMENTS));
        all.add(value("list of compressed", Foreign.of(1).count(2).compressed(new byte[100]).compressed(new byte[0]),
                LIST, List.of("\0".repeat(100), "")));
        all.add(value("list, ziplist", Foreign.of(10).string(ziplist(ELEMENTS)), LIST, ELEMENTS));
        all.add(value("list, compressed ziplist", Foreign.of(10).compressed(ziplist(few)), LIST, few));
        all.add(value("list, quicklist", Foreign.of(14).count(3).string(ziplist(few)).compressed(ziplist(List.of("z")))
                .string(ziplist(ELEMENTS)), LIST, join(few, List.of("z"), ELEMENTS)));
        all.add(value("list, quicklist2", Foreign.of(18).count(4).count(2).string(listpack(few)).count(1)
                .string("plain").count(2).compressed(listpack(ELEMENTS)).count(2).string(listpack(List.of())), LIST,
                join(few, List.of("plain"), ELEMENTS)));
        all.add(value("small list, quicklist2", Foreign.of(18).count(1).count(2).string(listpack(few)), LIST, few));
        all.add(value("set", each(Foreign.of(2).count(ELEMENTS.size()), ELEMENTS), SET, ELEMENTS));
        all.add(value("large set", each(Foreign.of(2).count(many.size()), many), SET, many));
        all.add(value("set, listpack", Foreign.of(20).string(listpack(few)), SET, few));
        all.add(value("set, intset of 2", Foreign.of(11).string(intset(2, -32768, -1, 0, 7)), SET,
                List.of("-32768", "-1", "0", "7")));
        all.add(value("set, intset of 4", Foreign.of(11).string(intset(4, -70_000, 3)), SET, List.of("-70000", "3")));
        all.add(value("set, intset of 8", Foreign.of(11).compressed(intset(8, Long.MIN_VALUE, Long.MAX_VALUE)), SET,
                List.of(Long.toString(Long.MIN_VALUE), Long.toString(Long.MAX_VALUE))));
        all.add(value("sorted set of digits", Foreign.of(3).count(5).string("b").bytes(3).raw(Foreign.latin1("1.5"))
                .string("a").bytes(255).string("d").bytes(254).string("c").bytes(4).raw(Foreign.latin1("1e20"))
                .string("5").bytes(1).raw(Foreign.latin1("7")), ZSET,
                List.of("a", "-inf", "b", "1.5", "5", "7", "c", "1e+20", "d", "inf")));
        all.add(value("sorted set", Foreign.of(5).count(2).string("b").little(Double.doubleToLongBits(-0.5), 8)
                .string("7").little(Double.doubleToLongBits(-3), 8), ZSET, List.of("7", "-3", "b", "-0.5")));
        Foreign large = Foreign.of(5).count(many.size());
        List<String> scored = new ArrayList<>();
        for (int i = 0; i < many.size(); i++) {
            large.string(many.get(i)).little(Double.doubleToLongBits(i), 8);
            scored.addAll(List.of(many.get(i), Integer.toString(i)));
        }
        all.add(value("large sorted set", large, ZSET, scored));
        List<String> scores = List.of("a", "-inf", "b", "1.5", "77", "2", "c", "1000000000");
        all.add(value("sorted set, ziplist", Foreign.of(12).string(ziplist(scores)), ZSET, scores));
        all.add(value("sorted set, listpack", Foreign.of(17).string(listpack(scores)), ZSET, scores));
        all.add(value("hash", each(Foreign.of(4).count(pairs.size() / 2), pairs), HASH, pairs));
        all.add(value("hash, zipmap", Foreign.of(9).string(zipmap(pairs)), HASH, pairs));
        all.add(value("hash, ziplist", Foreign.of(13).string(ziplist(pairs)), HASH, pairs));
        all.add(value("hash, listpack", Foreign.of(16).string(listpack(fewPairs)), HASH, fewPairs));
        all.add(value("large hash, listpack", Foreign.of(16).string(listpack(pairs)), HASH, pairs));
        all.add(value("hash with times", Foreign.of(24).little(4_000_000_000_000L, 8).count(3)
                .count(1).string("f").string("1").count(0).string("g").string("").count(5_000).string("77")
                .string("x".repeat(40)), HASH, fewPairs));
        all.add(value("hash with times, listpack", Foreign.of(25).little(4_000_000_000_000L, 8).string(listpack(List.of(
                "f", "1", "4000000000000", "77", "x".repeat(40), "4000000004999", "g", "", "0"))), HASH, fewPairs));
        return all;
    }

    @SafeVarargs
    private static List<String> join(List<String>... some) {
        return java.util.Arrays.stream(some).flatMap(List::stream).toList();
    }

    private static List<String> pairs(List<String> fields) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            pairs.add(fields.get(i));
            pairs.add(fields.get((i * 7 + 3) % fields.size()));
        }
        return pairs;
    }
}
