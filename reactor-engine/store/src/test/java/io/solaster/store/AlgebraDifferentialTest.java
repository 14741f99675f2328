package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of commands on several sorted sets, and of those that count, is redis-server's to the byte. */
class AlgebraDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            ZADD a 1 x 2 y 3 z; ZADD b 10 y 20 z 30 w; SADD s x w q; ZUNION 2 a b; ZUNION 2 a b WITHSCORES; ZINTER 2 a b WITHSCORES; ZDIFF 2 a b WITHSCORES; ZDIFF 2 a b; ZUNION 3 a b s WITHSCORES; ZINTER 2 a s WITHSCORES; ZDIFF 2 s a WITHSCORES; ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES; ZUNION 2 a b AGGREGATE MIN WITHSCORES; ZUNION 2 a b AGGREGATE MAX WITHSCORES WEIGHTS -1 1; ZINTER 2 a b aggregate sum weights 1 -1 withscores; ZUNION 1 a; ZUNION 1 n; ZINTER 2 a n WITHSCORES; ZDIFF 2 n a; ZDIFF 2 a a; ZINTER 2 a a WITHSCORES; ZUNION 2 a a WITHSCORES; ZINTER 2 a a WEIGHTS 2 3 AGGREGATE MIN WITHSCORES
            ZADD a 1 x; ZUNION; ZUNION 0 a; ZUNION -1 a; ZUNION x a; ZUNION 2 a; ZUNION 1; ZUNION 1 a b; ZUNION 1 a WEIGHTS; ZUNION 1 a WEIGHTS x; ZUNION 2 a b WEIGHTS 1; ZUNION 2 a b WEIGHTS 1 x; ZUNION 1 a WEIGHTS 1 2; ZUNION 1 a AGGREGATE; ZUNION 1 a AGGREGATE foo; ZUNION 1 a AGGREGATE SUM foo; ZUNION 1 a LIMIT 1; ZDIFF 1 a WEIGHTS 1; ZDIFF 1 a AGGREGATE MIN; ZINTER 0 a; ZDIFF 0 a; ZINTERCARD 0 a; ZINTERCARD x a; ZINTERCARD 2 a; ZINTERCARD 1 a LIMIT; ZINTERCARD 1 a LIMIT x; ZINTERCARD 1 a LIMIT -1; ZINTERCARD 1 a WITHSCORES; ZINTERCARD 1 a WEIGHTS 1; ZUNION 1 a WITHSCORES WITHSCORES; ZUNION 1 a WEIGHTS nan; ZUNION 1 a WEIGHTS inf WITHSCORES
            SET k v; ZADD a 1 x; LPUSH l 1; ZUNION 2 a k; ZUNION 2 a k foo; ZINTER 2 n k; ZDIFF 2 n l; ZINTERCARD 2 k n; ZUNIONSTORE d 2 a k; ZUNIONSTORE k 1 a; TYPE k; ZUNIONSTORE k 1 n; EXISTS k; SADD s 1; SINTERCARD 1 k; SINTERCARD 2 s a; SINTERCARD 1 l LIMIT x; SUNION s a
            ZADD a 1 x 2 y; ZADD b 3 y 4 z; ZUNIONSTORE d 2 a b; ZRANGE d 0 -1 WITHSCORES; ZINTERSTORE d 2 a b WEIGHTS 1 2; ZRANGE d 0 -1 WITHSCORES; ZDIFFSTORE d 2 a b; ZRANGE d 0 -1 WITHSCORES; ZDIFFSTORE d 2 a a; EXISTS d; ZUNIONSTORE a 2 a b; ZRANGE a 0 -1 WITHSCORES; ZUNIONSTORE a 1 n; EXISTS a; ZUNIONSTORE d 0 a; ZUNIONSTORE d x a; ZUNIONSTORE d 5 a; ZUNIONSTORE d 1 b WITHSCORES; ZUNIONSTORE d 1; ZUNIONSTORE d 1 b WEIGHTS 2 AGGREGATE MAX; ZRANGE d 0 -1 WITHSCORES; ZINTERSTORE d 0 a; ZDIFFSTORE d 0 a; ZDIFFSTORE d 1 b WEIGHTS 1; SET d x; EXPIRE d 100; ZUNIONSTORE d 1 b; TTL d; TYPE d
            ZADD a inf x -inf y 0 z; ZADD b -inf x inf y 1 z; ZUNION 2 a b WITHSCORES; ZINTER 2 a b WITHSCORES; ZUNION 2 a b WEIGHTS 0 0 WITHSCORES; ZINTER 2 a b WEIGHTS 0 0 AGGREGATE MIN WITHSCORES; ZINTER 2 a b WEIGHTS 0 0 AGGREGATE MAX WITHSCORES; ZUNION 2 a b WEIGHTS 0 1 AGGREGATE MIN WITHSCORES; ZINTER 2 a b WEIGHTS -1 1 WITHSCORES; ZUNIONSTORE d 2 a b WEIGHTS inf -inf; ZRANGE d 0 -1 WITHSCORES; ZADD c -0 z; ZUNION 1 c WITHSCORES; ZUNION 2 c a WEIGHTS -1 -1 WITHSCORES; ZDIFF 1 c WITHSCORES
            ZADD a 0.1 x 0.7 y; ZADD b 0.2 x 1e-9 y 3 z; ZADD c 0.3 x 1e17 y 4 z 5 w; ZUNION 3 a b c WITHSCORES; ZUNION 3 c b a WITHSCORES; ZUNION 3 b c a WITHSCORES; ZINTER 3 a b c WITHSCORES; ZINTER 3 c a b WITHSCORES; ZINTER 3 b a c WEIGHTS 0.1 0.2 0.3 WITHSCORES
            SADD s 1 2 3 a b; SADD t 2 3 b c; SINTERCARD 2 s t; SINTERCARD 2 s t LIMIT 1; SINTERCARD 2 s t LIMIT 0; SINTERCARD 2 s t LIMIT 9; SINTERCARD 2 s n; SINTERCARD 1 s; SINTERCARD 0 s; SINTERCARD -1 s; SINTERCARD x s; SINTERCARD 3 s t; SINTERCARD 2 s t LIMIT; SINTERCARD 2 s t LIMIT -1; SINTERCARD 2 s t LIMIT x; SINTERCARD 2 s t foo; SINTERCARD 1 s t; SINTERCARD 1; SINTERCARD 2 s t LIMIT 1 LIMIT 2; ZADD a 1 b 1 2; ZINTERCARD 2 a s; ZINTERCARD 2 a s LIMIT 1; ZINTERCARD 3 a s t LIMIT 2
            SADD s 1 2; SADD t 2 3; SINTERSTORE d s t; SMEMBERS d; SUNIONSTORE d s t; SMEMBERS d; SDIFFSTORE d s t; SMEMBERS d; SDIFFSTORE d s s; EXISTS d; SUNIONSTORE s s t; SMEMBERS s; SINTERSTORE s s n; EXISTS s; SET k v; SUNIONSTORE k t; TYPE k; SUNIONSTORE t k k; SET k v; SUNIONSTORE t k; SINTER t k; SDIFF n k; EXISTS t
            ZADD a 1 a 2 b 3 c 4 d 5 e; ZRANGESTORE d a 1 2; ZRANGE d 0 -1 WITHSCORES; ZRANGESTORE d a 0 -1 REV; ZRANGE d 0 -1 WITHSCORES; ZRANGESTORE d a 1 1 REV; ZRANGE d 0 -1; ZRANGESTORE d a (1 4 BYSCORE; ZRANGE d 0 -1; ZRANGESTORE d a 4 2 BYSCORE REV LIMIT 0 2; ZRANGE d 0 -1; ZRANGESTORE d a - + BYLEX; ZRANGE d 0 -1; ZRANGESTORE d a + - BYLEX REV LIMIT 1 2; ZRANGE d 0 -1; ZRANGESTORE d a 7 9; EXISTS d; ZRANGESTORE d n 0 -1; ZRANGESTORE a a 0 1; ZRANGE a 0 -1 WITHSCORES; ZRANGESTORE d a 0 -1 WITHSCORES; ZRANGESTORE d a x 1; ZRANGESTORE d a 0; ZRANGESTORE d a 0 -1 LIMIT 0 1; ZRANGESTORE d a x y BYSCORE; ZRANGESTORE d a 0 1 BYLEX; ZRANGESTORE d a 0 -1 foo; SET k v; ZRANGESTORE d k 0 -1; ZRANGESTORE k a 0 -1; TYPE k; ZRANGESTORE k n 0 -1; EXISTS k
            """;

    AlgebraDifferentialTest() {
        super(SEQUENCES, 3, 4, AlgebraDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        int members = draw.of(10, 100, 3000);
        return commands(draw, 400, each -> chance(each, members));
    }

    private static final List<String> KEYS = List.of("a", "b", "c", "{a}x", "s1", "s2", "n");
    private static final List<String> WEIGHTS = List.of("1", "2", "0", "-1", "0.1", "1.7", "inf", "-inf", "1e-3");

    private static String[] chance(Draw draw, int members) {
        return switch (draw.nextInt(12)) {
            case 0, 1, 2 -> fill(draw, "ZADD", draw.of("a", "b", "c", "{a}x"), members);
            case 3 -> fill(draw, "SADD", draw.of("s1", "s2"), members);
            case 4 -> draw.oneIn(4) ? words("DEL", draw.of(KEYS)) : words("ZCARD", draw.of("a", "b", "c", "{a}x"));
            case 5 -> counted(draw, draw.of("ZINTERCARD", "SINTERCARD"), "");
            case 6, 7, 8 -> counted(draw, draw.of("ZUNION", "ZINTER", "ZDIFF"), "");
            case 9 -> counted(draw, draw.of("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), draw.of("b", "d", "{a}x"));
            case 10 -> words("ZRANGESTORE", draw.of("d", "c"), draw.of("a", "b", "d"), "0", draw.of("-1", "5", "50"));
            default -> words("ZRANGE", draw.of("b", "c", "d", "{a}x"), "0", "-1", "WITHSCORES");
        };
    }

    private static String[] counted(Draw draw, String name, String target) {
        List<String> words = new ArrayList<>(List.of(name));
        if (!target.isEmpty()) {
            words.add(target);
        }
        int keys = 1 + draw.nextInt(4);
        words.add(Integer.toString(keys));
        for (int i = 0; i < keys; i++) {
            words.add(draw.of(KEYS));
        }
        if (name.endsWith("CARD")) {
            if (draw.nextBoolean()) {
                words.addAll(List.of("LIMIT", Integer.toString(draw.nextInt(20))));
            }
        } else {
            if (!name.startsWith("ZDIFF") && draw.nextBoolean()) {
                words.add("WEIGHTS");
                for (int i = 0; i < keys; i++) {
                    words.add(draw.of(WEIGHTS));
                }
            }
            if (!name.startsWith("ZDIFF") && draw.nextBoolean()) {
                words.addAll(List.of("AGGREGATE", draw.of("SUM", "MIN", "MAX")));
            }
            if (target.isEmpty()) {
                words.add("WITHSCORES");
            }
        }
        return words.toArray(String[]::new);
    }

    private static String[] fill(Draw draw, String name, String key, int members) {
        List<String> words = new ArrayList<>(List.of(name, key));
        int count = 1 + draw.nextInt(members / 2);
        for (int i = 0; i < count; i++) {
            if (name.equals("ZADD")) {
                words.add(draw.oneIn(20)
                        ? draw.of("inf", "-inf", "1e20", "0.1", "-0.3")
                        : draw.nextInt(100) + "." + draw.nextInt(100));
            }
            int number = draw.nextInt(members);
            words.add(number % 3 == 0 ? Integer.toString(number) : "m" + number);
        }
        return words.toArray(String[]::new);
    }

    private static String[] words(String... words) {
        return words;
    }
}
