package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Replies to commands on streams that chance draws are redis-server's. Left aside are times, the texts of errors, what is counted
 * where Redis does not know it, and consumers that 7.0 makes only once they get something.
 */
class StreamChanceTest {
    private static final int TRIALS = 6;

    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    void repliesToChanceAreRedis(int shards, String protocol) {
        Property.check(7, TRIALS, draw -> {
            List<String[]> commands = new ArrayList<>();
            int size = draw.of(3, 40, 300);
            draw.repeat(400, _ -> {
                String[] next = draw.from(each -> one(each, size));
                commands.add(next);
            });
            redis.compare(shards, protocol, commands, false, StreamChanceTest::form);
        });
    }

    /** What is compared of a reply. */
    private static String form(String[] command, String reply) {
        String its = reply.startsWith("-") ? "-" : reply;
        if (command[0].equals("XINFO")) {
            its = its.replaceAll("(radix-tree-\\w+\\|):\\d+", "$1")
                    .replaceAll("((?:lag|entries-read)\\|)(:-?\\d+|\\$-1|_)", "$1")
                    .replaceAll("((seen|delivery|active)-time\\|):\\d+", "$1");
        }
        its = its.replaceAll(":1[78]\\d{11}\\b", ":T");
        its = its.replaceAll("(consumers\\|):\\d+", "$1");
        if (command[1].equals("CREATECONSUMER") && its.startsWith(":")) {
            return "";
        }
        if (command[command.length - 2].equals("COUNT") && command[command.length - 1].equals("0")
                && command[0].equals("XINFO")) {
            its = its.replaceAll("(?s)(consumers\\|).*", "$1");
        }
        if (command[0].equals("XPENDING")) {
            its = its.replaceAll("(\\|\\$1\\|[abc]\\|):\\d+", "$1:T");
        }
        return its;
    }

    private static String id(Draw draw, int size) {
        return switch (draw.nextInt(12)) {
            case 0 -> "0";
            case 1 -> Integer.toString(draw.nextInt(size));
            case 2 ->
                draw.of("-", "+", "$", "x", "1-x", "18446744073709551615", "18446744073709551615-18446744073709551615",
                        "0-1", "(3-1", "(1", "9223372036854775808-9223372036854775807", "-1", "1-1-1", "");
            default -> draw.nextInt(size) + "-" + draw.nextInt(3);
        };
    }

    private static String readId(Draw draw, int size) {
        String its = id(draw, size);
        return its.length() > 10 ? "0" : its.replace("+", "0");
    }

    static String[] all(String... words) {
        return words;
    }

    static String[] one(Draw draw, int size) {
        String key = draw.of("{s}a", "{s}a", "{s}a", "{s}b");
        String group = draw.of("g", "g", "h");
        String consumer = draw.of("a", "b", "c");
        String count = draw.of("1", "2", "5", "100", "0", "-1");
        return switch (draw.nextInt(44)) {
            case 0, 1, 2, 3, 4, 5 -> all("XADD", key, draw.of(draw.nextInt(size) + "-*", id(draw, size)),
                    draw.of("f", "g"), draw.of("v", "12", "x".repeat(900), ""));
            case 6 -> all("XADD", key, draw.nextInt(size) + "-*", "a", "1", draw.of("b", "c"), "2");
            case 7 -> all("XADD", key, draw.of("MAXLEN", "MINID"), draw.of("=", "~"), draw.of("0", "3", "50"),
                    draw.nextInt(size) + "-*", "a", "1");
            case 8, 9, 10 -> all("XDEL", key, id(draw, size), id(draw, size));
            case 11 -> all("XTRIM", key, "MAXLEN", draw.of("0", "1", "5", "40", "x"));
            case 12 -> all("XTRIM", key, "MINID", id(draw, size));
            case 13 -> all("XLEN", key);
            case 14, 15 -> all("XRANGE", key, id(draw, size), id(draw, size), "COUNT", count);
            case 16, 17 -> all("XREVRANGE", key, id(draw, size), id(draw, size));
            case 18 -> all("XRANGE", key, "-", "+");
            case 19 -> all("XREAD", "COUNT", count, "STREAMS", key, "{s}b", readId(draw, size), readId(draw, size));
            case 20, 21, 22 ->
                all("XGROUP", "CREATE", key, group, id(draw, size), draw.of("MKSTREAM", "mkstream", "foo"));
            case 23, 24, 25, 26 -> all("XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", key,
                    draw.of(">", ">", ">", readId(draw, size)));
            case 27 -> all("XREADGROUP", "GROUP", group, consumer, "NOACK", "STREAMS", key, ">");
            case 28, 29 -> all("XACK", key, group, id(draw, size), id(draw, size), id(draw, size));
            case 30 -> all("XPENDING", key, group);
            case 31 -> all("XPENDING", key, group, id(draw, size), id(draw, size), count, consumer);
            case 32 -> all("XPENDING", key, group, "-", "+", "1000");
            case 33, 34 -> all("XCLAIM", key, group, consumer, "0", id(draw, size), id(draw, size),
                    draw.of("FORCE", "JUSTID", "force"));
            case 35 -> all("XAUTOCLAIM", key, group, consumer, "0", id(draw, size), "COUNT", count);
            case 36 -> all("XINFO", "STREAM", key);
            case 37 -> all("XINFO", "GROUPS", key);
            case 38 -> all("XGROUP", "DELCONSUMER", key, group, consumer);
            case 39 -> all("XGROUP", "SETID", key, group, id(draw, size), "ENTRIESREAD",
                    draw.of("0", "3", "-1", "-2", "1000"));
            case 40 -> draw.oneIn(4)
                    ? all("XSETID", key, id(draw, size), "ENTRIESADDED", draw.of("5", "1000"), "MAXDELETEDID",
                            id(draw, size))
                    : all("XGROUP", "CREATECONSUMER", key, group, consumer);
            case 41 -> draw.oneIn(3)
                    ? all("DEL", key)
                    : draw.oneIn(2) ? all("COPY", key, "{s}b", "REPLACE") : all("RENAME", key, "{s}b");
            case 42 -> draw.oneIn(6)
                    ? all("XGROUP", "DESTROY", key, group)
                    : all("XINFO", "STREAM", key, "FULL", "COUNT", "0");
            default -> all("XCLAIM", key, group, consumer, "0", id(draw, size), id(draw, size), "LASTID",
                    id(draw, size), "RETRYCOUNT", "3", "FORCE");
        };
    }
}
