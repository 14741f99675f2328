package io.solaster.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import io.solaster.testkit.gen.Draw;

/** Commands on hashes and sets by chance, and replies whose elements are in no order. */
final class CollectionChance {
    private static final List<String> HASHES = List.of("h1", "h2", "{h1}h", "mixed");
    private static final List<String> SETS = List.of("s1", "s2", "{s1}s", "mixed");
    private static final List<String> VALUES = List.of("", "0", "1", "-1", "99", "abc", "9223372036854775807", "007",
            "3.14",
            "\0\r\n\u00ff", "x".repeat(64), "y".repeat(65), "z".repeat(1000));
    private static final List<String> NUMBERS = List.of("0", "1", "-1", "5", "9223372036854775807",
            "-9223372036854775808", "abc", "");
    private static final List<String> FLOATS = List.of("0", "1", "-1.5", "0.1", "1e3", "3.141592653589793", "x",
            "1e-10");

    private CollectionChance() {}

    static String[] command(Draw draw, int elements) {
        if (draw.oneIn(10)) {
            return sets(draw, elements);
        }
        if (draw.oneIn(40)) {
            return new String[]{"DEL", draw.nextBoolean() ? draw.of(HASHES) : draw.of(SETS)};
        }
        return draw.nextBoolean() ? hash(draw, elements) : set(draw, elements);
    }

    private static String[] hash(Draw draw, int elements) {
        String key = draw.of(HASHES);
        return switch (draw.nextInt(16)) {
            case 0, 1, 2, 3 -> pairs(draw, elements, draw.of("HSET", "HMSET"), key);
            case 4 -> words("HSETNX", key, field(draw, elements), draw.of(VALUES));
            case 5 -> words("HGET", key, field(draw, elements));
            case 6 -> several(draw, elements, "HMGET", key);
            case 7, 8 -> several(draw, elements, "HDEL", key);
            case 9 -> words("HINCRBY", key, field(draw, elements), draw.of(NUMBERS));
            case 10 -> words("HINCRBYFLOAT", key, field(draw, elements), draw.of(FLOATS));
            case 11 -> words(draw.of("HEXISTS", "HSTRLEN"), key, field(draw, elements));
            case 12 -> words("HLEN", key);
            case 13 -> words("HGETALL", key);
            case 14 -> words(draw.of("HKEYS", "HVALS"), key);
            default -> words("HSCAN", key, "0", "COUNT", "100000");
        };
    }

    private static String[] set(Draw draw, int elements) {
        String key = draw.of(SETS);
        return switch (draw.nextInt(12)) {
            case 0, 1, 2, 3 -> several(draw, elements, "SADD", key);
            case 4, 5 -> several(draw, elements, "SREM", key);
            case 6 -> words("SISMEMBER", key, field(draw, elements));
            case 7 -> several(draw, elements, "SMISMEMBER", key);
            case 8 -> words("SCARD", key);
            case 9 -> words("SMEMBERS", key);
            case 10 -> words(draw.of("SPOP", "SRANDMEMBER"), key, draw.of("0", "1000000"));
            default -> words("SSCAN", key, "0", "COUNT", "100000", "MATCH", draw.of("*", "1*", "f?", "[0-9]"));
        };
    }

    private static String[] sets(Draw draw, int elements) {
        String name = draw.of("SINTER", "SUNION", "SDIFF", "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE", "SMOVE");
        List<String> words = new ArrayList<>(List.of(name, draw.of(SETS), draw.of(SETS)));
        if (name.equals("SMOVE")) {
            words.add(field(draw, elements));
        } else if (draw.nextBoolean()) {
            words.add(draw.of(SETS));
        }
        return words.toArray(String[]::new);
    }

    private static String field(Draw draw, int elements) {
        int i = draw.nextInt(elements);
        return draw.oneIn(60) ? draw.of(VALUES) : draw.nextBoolean() ? Integer.toString(i) : "f" + i;
    }

    private static String[] several(Draw draw, int elements, String name, String key) {
        List<String> words = new ArrayList<>(List.of(name, key));
        for (int i = draw.nextInt(8); i >= 0; i--) {
            words.add(field(draw, elements));
        }
        return words.toArray(String[]::new);
    }

    private static String[] pairs(Draw draw, int elements, String name, String key) {
        List<String> words = new ArrayList<>(List.of(name, key));
        for (int i = draw.nextInt(5); i >= 0; i--) {
            words.add(field(draw, elements));
            words.add(draw.oneIn(10) ? draw.of(VALUES) : Integer.toString(draw.nextInt(100)));
        }
        return words.toArray(String[]::new);
    }

    private static String[] words(String... words) {
        return words;
    }

    /** A reply whose elements are in no order, with these sorted; another one as it is. */
    static String inOrder(String[] command, String reply) {
        String name = command.length == 0 ? "" : command[0].toUpperCase(Locale.ROOT);
        int each = switch (name) {
            case "HGETALL", "HSCAN" -> 2;
            case "HKEYS", "HVALS", "SMEMBERS", "SSCAN", "SPOP", "SRANDMEMBER", "HRANDFIELD", "SINTER", "SUNION",
                    "SDIFF" ->
                1;
            default -> 0;
        };
        if (each == 0 || reply.isEmpty() || "*~%".indexOf(reply.charAt(0)) < 0) {
            return reply;
        }
        // Elements may hold what looks like the end of a line: they are read by their lengths.
        boolean scan = name.endsWith("SCAN");
        int[] at = {0};
        StringBuilder head = new StringBuilder(line(reply, at));
        if (scan) {
            head.append(element(reply, at)).append(line(reply, at));
        }
        if (each == 1 && name.equals("HRANDFIELD") && reply.contains("*2")) {
            return reply;
        }
        List<String> elements = new ArrayList<>();
        while (at[0] < reply.length()) {
            StringBuilder element = new StringBuilder();
            for (int i = 0; i < each && at[0] < reply.length(); i++) {
                element.append(element(reply, at));
            }
            elements.add(element.toString());
        }
        String[] sorted = elements.toArray(String[]::new);
        Arrays.sort(sorted);
        return head + String.join("", sorted);
    }

    private static String line(String reply, int[] at) {
        int end = reply.indexOf('|', at[0]);
        int next = end < 0 ? reply.length() : end + 1;
        String line = reply.substring(at[0], next);
        at[0] = next;
        return line.endsWith("|") ? line : line + "|";
    }

    /** A string, of which {@link RespClient#show} has made one character of each CR LF. */
    private static String element(String reply, int[] at) {
        String header = line(reply, at);
        if (header.charAt(0) != '$') {
            return header;
        }
        int length = Integer.parseInt(header.substring(1, header.length() - 1));
        int end = at[0];
        for (int bytes = 0; bytes < length; end++) {
            bytes += reply.charAt(end) == '|' ? 2 : 1;
        }
        String text = reply.substring(at[0], end) + "|";
        at[0] = Math.min(reply.length(), end + 1);
        return header + text;
    }
}
