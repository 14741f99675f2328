package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of commands on sorted sets is redis-server's to the byte, save those that chance decides. */
class SortedSetDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            ZADD z 1 a; ZADD z 2 b 3 c; ZADD z 2 a 9 d; ZRANGE z 0 -1 WITHSCORES; ZCARD z; ZCARD n; ZADD z 1; ZADD z; ZADD z 1 a 2; ZADD z x a; ZADD z 1 a x b; ZADD z nan a; ZADD n x a; EXISTS n; TYPE z; ZSCORE z a; ZSCORE z x; ZSCORE n a; ZSCORE z; ZMSCORE z a x b; ZMSCORE n a b; ZMSCORE z; ZREM z a x; ZREM z b c d; EXISTS z; ZREM z a; ZREM z
            SET s 1; ZADD s 1 a; ZADD s x a; ZINCRBY s 1 a; ZREM s a; ZCARD s; ZSCORE s a; ZMSCORE s a; ZRANK s a; ZREVRANK s a; ZCOUNT s 0 1; ZCOUNT s x 1; ZLEXCOUNT s - +; ZLEXCOUNT s x +; ZRANGE s 0 1; ZRANGE s x 1; ZRANGEBYSCORE s 0 1; ZRANGEBYLEX s - +; ZREVRANGE s 0 1; ZREMRANGEBYRANK s 0 1; ZREMRANGEBYSCORE s 0 1; ZREMRANGEBYLEX s - +; ZPOPMIN s; ZPOPMAX s 2; ZRANDMEMBER s; ZRANDMEMBER s 1; ZSCAN s 0; LPUSH s 1; ZADD z 1 a; GET z; LLEN z; INCR z; LPUSH z 1; SET z 1; ZADD z 1 a; DEL z; ZADD z 1 a; EXPIRE z 1000; ZADD z 2 b; TTL z
            ZADD z NX 1 a; ZADD z NX 2 a; ZADD z XX 3 a; ZADD z XX 1 b; ZADD z GT 2 a; ZADD z GT 5 a; ZADD z LT 6 a; ZADD z LT 4 a; ZADD z GT 1 n; ZADD z LT 1 m; ZADD z CH 1 a 2 b 1 n; ZADD z XX CH 9 a 9 q; ZADD z NX XX 1 a; ZADD z NX GT 1 a; ZADD z NX LT 1 a; ZADD z GT LT 1 a; ZADD z XX GT 10 a; ZADD z XX LT 1 a; ZADD z GT XX 0 a; ZADD z nx xx gt 1 a; ZADD z NX; ZADD z NX 1; ZADD z CH; ZADD z CH CH 1 a; ZADD z foo 1 a; ZADD n XX 1 a; EXISTS n; ZADD n XX INCR 1 a; ZRANGE z 0 -1 WITHSCORES; ZADD z XX NX INCR 1 a 2 b
            ZADD z INCR 1 a; ZADD z INCR 2.5 a; ZADD z NX INCR 1 a; ZADD z XX INCR 1 q; ZADD z XX INCR 1 a; ZADD z GT INCR -1 a; ZADD z LT INCR -1 a; ZADD z INCR 1 a 2 b; ZADD z INCR x a; ZADD z INCR inf a; ZADD z INCR -inf a; ZSCORE z a; ZINCRBY z 1 b; ZINCRBY z 1.1 b; ZINCRBY z -5 b; ZINCRBY z x b; ZINCRBY z inf b; ZINCRBY z -inf b; ZINCRBY z 1; ZINCRBY n -1 c; ZADD z CH INCR 5 c; ZADD z INCR 0 c; ZADD z GT INCR 0 c; ZADD z INCR -0 zero; ZSCORE z zero; ZINCRBY z -0 zero
            ZADD z 1.5 a 3.3 b 1e3 c 1e20 d 1e-5 e -0 f 0 g inf h -inf i +inf j 1e17 k 123456789012345678 l 0.1 m 1e21 n 4.9e-324 o 1.7976931348623157e308 p; ZRANGE z 0 -1 WITHSCORES; ZSCORE z f; ZSCORE z b; ZMSCORE z a b c d e f g h i j k l m n o p; ZSCAN z 0; ZADD z 1e999 x; ZADD z 1e-999 x; ZADD z 0x10 q 0x1p4 r 0x.8 s -0X1P-2 t infinity u -Infinity v .5 w 5. x +3 y; ZRANGE z 0 -1 WITHSCORES; ZADD z " 1" x; ZADD z "1 " x; ZADD z "" x; ZADD z 1e x; ZADD z . x; ZADD z 1d x; ZADD z 1f x; ZADD z 0x x; ZADD z infi x; ZADD z NaN x; ZADD z -nan x; ZADD z 1_0 x; ZADD z "1\\x00" x; ZADD z 00012 x; ZADD z 1e+2 x; ZADD z 1E2 y; ZADD z 9223372036854775807 big 9223372036854775808 bigger -9223372036854775808 small; ZRANGE z 0 -1 WITHSCORES; ZADD z 0e999 zero 0x0p99 zz; ZSCORE z zero
            ZADD z 1 a 2 b 3 c 4 d 5 e; ZRANK z a; ZRANK z e; ZRANK z x; ZRANK n a; ZREVRANK z a; ZREVRANK z e; ZREVRANK z x; ZREVRANK n x; ZRANK z; ZCOUNT z 2 4; ZCOUNT z (2 4; ZCOUNT z 2 (4; ZCOUNT z -inf +inf; ZCOUNT z 4 2; ZCOUNT n 1 2; ZCOUNT z x 1; ZCOUNT z 1 x; ZCOUNT n x 1; ZCOUNT z ((1 2; ZCOUNT z "" 5; ZCOUNT z ( 5; ZCOUNT z " 1" 5; ZCOUNT z 1 " "; ZCOUNT z 1; ZCOUNT z nan 1; ZCOUNT z 1e999 2; ZCOUNT z 0 1e999; ZCOUNT z (-inf (inf; ZCOUNT z "1\\x00x" 3; ZCOUNT z 0x2 0x4
            ZADD z 1 a 2 b 3 c 4 d 5 e; ZRANGE z 0 -1; ZRANGE z 1 2 WITHSCORES; ZRANGE z -2 -1 withscores; ZRANGE z 3 1; ZRANGE z 5 9; ZRANGE z -100 100; ZRANGE z x 1; ZRANGE z 0 1 foo; ZRANGE z 0 1 REV; ZRANGE z 0 1 REV WITHSCORES; ZRANGE z 0 -1 LIMIT 0 1; ZRANGE z 0 -1 LIMIT 0 -1; ZRANGE z 1 2 BYSCORE; ZRANGE z (1 2 BYSCORE WITHSCORES; ZRANGE z 5 2 BYSCORE REV; ZRANGE z 2 5 BYSCORE REV; ZRANGE z (5 (2 BYSCORE REV WITHSCORES LIMIT 0 1; ZRANGE z -inf +inf BYSCORE LIMIT 1 2; ZRANGE z -inf +inf BYSCORE LIMIT 1 -1; ZRANGE z -inf +inf BYSCORE LIMIT -1 2; ZRANGE z -inf +inf BYSCORE LIMIT 9 2; ZRANGE z -inf +inf BYSCORE LIMIT 0 0; ZRANGE z -inf +inf BYSCORE LIMIT x 2; ZRANGE z -inf +inf BYSCORE LIMIT 0 x; ZRANGE z -inf +inf BYSCORE LIMIT 0; ZRANGE z a b BYSCORE; ZRANGE z - + BYLEX; ZRANGE z - + BYLEX WITHSCORES; ZRANGE z 0 1 BYLEX; ZRANGE z 0 -1 BYSCORE BYLEX; ZRANGE z - + BYSCORE BYLEX; ZRANGE n 0 -1; ZRANGE n 0 -1 REV WITHSCORES; ZRANGE n x 1; ZRANGE z 0; ZRANGE z -inf +inf BYSCORE LIMIT 9223372036854775807 1; ZRANGE z -inf +inf BYSCORE LIMIT 1 9223372036854775807
            ZADD z 1 a 2 b 3 c 4 d 5 e; ZREVRANGE z 0 -1; ZREVRANGE z 1 2 WITHSCORES; ZREVRANGE z 0 1 REV; ZREVRANGE z 0 1 LIMIT 0 1; ZREVRANGE z x 1; ZREVRANGE n 0 1; ZRANGEBYSCORE z 2 4; ZRANGEBYSCORE z 2 4 WITHSCORES; ZRANGEBYSCORE z 2 4 LIMIT 1 1 WITHSCORES; ZRANGEBYSCORE z 2 4 BYSCORE; ZRANGEBYSCORE z 2 4 REV; ZRANGEBYSCORE z 4 2; ZRANGEBYSCORE z x 2; ZRANGEBYSCORE n x 2; ZRANGEBYSCORE n 1 2; ZRANGEBYSCORE z -inf (3; ZREVRANGEBYSCORE z 4 2; ZREVRANGEBYSCORE z 4 2 WITHSCORES LIMIT 1 5; ZREVRANGEBYSCORE z 2 4; ZREVRANGEBYSCORE z (4 (1; ZREVRANGEBYSCORE z +inf -inf LIMIT 0 2; ZREVRANGEBYSCORE n 2 1; ZRANGEBYSCORE z 1; ZRANGEBYSCORE z 2 4 LIMIT 1
            ZADD z 2 a 3 b 4 c 5 d 6 e; ZRANGEBYSCORE z 10 1 LIMIT 9223372036854775807 100000; ZREVRANGEBYSCORE z 1 10 LIMIT 9223372036854775807 100000 WITHSCORES; ZRANGE z 10 1 BYSCORE LIMIT 9223372036854775807 1; ZRANGE z 1 10 BYSCORE REV LIMIT 9223372036854775807 1; ZRANGE z + - BYLEX LIMIT 9223372036854775807 1; ZRANGE z 9223372036854775807 -9223372036854775808; ZREVRANGE z 9223372036854775807 -9223372036854775808; ZREMRANGEBYRANK z 9223372036854775807 -9223372036854775808; ZRANGE z 9223372036854775807 9223372036854775807; ZRANGE z -9223372036854775808 9223372036854775807
            ZADD z 0 a 0 b 0 c 0 aa 0 ab 0 "" 0 7 0 12; ZRANGEBYLEX z - +; ZRANGEBYLEX z [a [b; ZRANGEBYLEX z (a (b; ZRANGEBYLEX z [aa +; ZRANGEBYLEX z + -; ZRANGEBYLEX z - -; ZRANGEBYLEX z + +; ZRANGEBYLEX z a b; ZRANGEBYLEX z [ (; ZRANGEBYLEX z ( [; ZRANGEBYLEX z -x +; ZRANGEBYLEX z - +x; ZRANGEBYLEX z "" +; ZRANGEBYLEX z - + LIMIT 1 2; ZRANGEBYLEX z - + LIMIT -1 2; ZRANGEBYLEX z - + LIMIT 1 -1; ZRANGEBYLEX z - + WITHSCORES; ZREVRANGEBYLEX z + -; ZREVRANGEBYLEX z [b [a; ZREVRANGEBYLEX z [a [b; ZREVRANGEBYLEX z + - LIMIT 2 3; ZREVRANGEBYLEX z - +; ZLEXCOUNT z - +; ZLEXCOUNT z [a [b; ZLEXCOUNT z (a [b; ZLEXCOUNT z + -; ZLEXCOUNT z a b; ZLEXCOUNT n - +; ZLEXCOUNT n a b; ZRANGE z [b [a BYLEX REV; ZRANGE z + - BYLEX REV LIMIT 0 3; ZREMRANGEBYLEX z [a [aa; ZREMRANGEBYLEX z a b; ZREMRANGEBYLEX n - +; ZREMRANGEBYLEX n a b; ZRANGE z 0 -1; ZREMRANGEBYLEX z - +; EXISTS z; ZRANGEBYLEX n - +; ZLEXCOUNT z -
            ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g 8 h; ZREMRANGEBYRANK z 0 0; ZREMRANGEBYRANK z -1 -1; ZREMRANGEBYRANK z 5 1; ZREMRANGEBYRANK z x 1; ZREMRANGEBYRANK z 1 x; ZREMRANGEBYRANK n 0 1; ZREMRANGEBYRANK z 100 200; ZREMRANGEBYSCORE z 3 (4; ZREMRANGEBYSCORE z 9 1; ZREMRANGEBYSCORE z x 1; ZREMRANGEBYSCORE n 0 1; ZRANGE z 0 -1; ZREMRANGEBYSCORE z (4 5; ZRANGE z 0 -1; ZREMRANGEBYRANK z -100 100; EXISTS z; ZREMRANGEBYRANK z 0; ZREMRANGEBYSCORE z 0; ZADD z 1 a 2 b; ZREMRANGEBYSCORE z -inf +inf; EXISTS z
            ZADD z 1 a 2 b 3 c 4 d 5 e; ZPOPMIN z; ZPOPMAX z; ZPOPMIN z 0; ZPOPMIN z 2; ZPOPMIN z x; ZPOPMIN z -1; ZPOPMIN z 1 2; ZPOPMAX z 9; EXISTS z; ZPOPMIN z; ZPOPMAX z; ZPOPMIN z 1; ZPOPMIN z 0; ZPOPMAX z x; ZPOPMIN; ZADD z 1.5 a 1.5 b; ZPOPMAX z 2; ZPOPMIN z 99999999999999999999
            ZRANDMEMBER n; ZRANDMEMBER n 1; ZRANDMEMBER n 0; ZRANDMEMBER n -1; ZRANDMEMBER n x; ZRANDMEMBER n 1 foo; ZRANDMEMBER n 1 WITHSCORES; ZRANDMEMBER n 1 WITHSCORES x; ZADD z 1.5 a; ZRANDMEMBER z; ZRANDMEMBER z 0; ZRANDMEMBER z 1; ZRANDMEMBER z 5; ZRANDMEMBER z -3; ZRANDMEMBER z 2 WITHSCORES; ZRANDMEMBER z -2 withscores; ZRANDMEMBER z 1 foo; ZRANDMEMBER z x; ZRANDMEMBER z 9223372036854775807; ZRANDMEMBER z 9223372036854775807 WITHSCORES; ZRANDMEMBER z -9223372036854775808; ZRANDMEMBER z -9223372036854775807 WITHSCORES; ZRANDMEMBER z 0 WITHSCORES; ZADD z 2 b 3 c; ZRANDMEMBER z 3; ZRANDMEMBER z 4 WITHSCORES; ZRANDMEMBER
            ZSCAN n 0; ZSCAN n x; ZSCAN n 0 foo; ZADD z 1 a 2.5 b 3 ab 4 7; ZSCAN z 0; ZSCAN z 0 MATCH a*; ZSCAN z 0 COUNT 1; ZSCAN z 0 COUNT 0; ZSCAN z 0 COUNT x; ZSCAN z 0 MATCH; ZSCAN z 0 foo; ZSCAN z x; ZSCAN z 0 MATCH ? COUNT 10; ZSCAN z 0 MATCH 7; ZSCAN z 0 NOVALUES; ZSCAN z; ZSCAN z 5
            ZMPOP 1 a MIN; ZMPOP 2 a b MAX; ZADD b 1 x 2.5 y 3 z 4 7 5 w; ZMPOP 2 a b MIN; ZMPOP 2 a b max COUNT 2; ZMPOP 3 n b a min count 9; EXISTS b; ZADD a 1 p 2 q; ZADD b 3 r; ZMPOP 2 b a MIN COUNT 5; ZMPOP 2 b a MAX COUNT 1; SET s x; ZMPOP 2 b s MIN; ZMPOP 2 s a MIN; ZMPOP 2 a s MIN; ZMPOP 0 a MIN; ZMPOP -1 a MIN; ZMPOP x a MIN; ZMPOP 1 a; ZMPOP 2 a b; ZMPOP 1 a b MIN; ZMPOP 1 a foo; ZMPOP 1 a MIN foo; ZMPOP 1 a MIN COUNT; ZMPOP 1 a MIN COUNT 0; ZMPOP 1 a MIN COUNT x; ZMPOP 1 a MIN COUNT 1 COUNT 1; ZMPOP 2 a b MIN COUNT 0; ZMPOP 2 a b foo; ZMPOP; ZMPOP 1; ZMPOP 9 a b MIN; ZADD a inf i -inf j -0 k; ZMPOP 2 b a MIN COUNT 3
            BZPOPMIN a 0.001; BZPOPMAX a b 0.001; ZADD b 1 x 2.5 y 3 z 4 7 5 w; BZPOPMIN a b 0; BZPOPMAX a b 0; BZPOPMIN b 0; BZMPOP 0 2 a b MIN COUNT 2; BZMPOP 0.001 2 a b MIN; ZADD b 1 x 2 y; BZMPOP 0 1 b MAX; BZMPOP 0 3 n b a MAX COUNT 9; SET s x; BZPOPMIN s 0; BZPOPMAX n s 0; BZMPOP 0 2 n s MIN; BZPOPMIN a x; BZPOPMIN a -1; BZMPOP x 1 a MIN; BZMPOP -1 1 a MIN; BZMPOP 0 0 a MIN; BZMPOP 0 1 a foo; BZMPOP 0 1 a MIN COUNT 0; BZMPOP x 0 a MIN; BZPOPMIN; BZPOPMIN a; BZMPOP 0 1 a; COMMAND INFO bzpopmin bzpopmax
            """;

    SortedSetDifferentialTest() {
        super(SEQUENCES, 1, 6, SortedSetDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        int members = draw.of(20, 200, 1000);
        boolean lex = draw.oneIn(3);
        return commands(draw, 1200, each -> chance(each, members, lex));
    }

    private static final List<String> SCORES = List.of("0", "1", "2", "3", "10", "-1", "1.5", "3.3", "1e20", "inf",
            "-inf",
            "100000", "-0.1", "x");
    private static final List<String> BOUNDS = List.of("0", "1", "(1", "2", "(3", "10", "-inf", "+inf", "(10", "500",
            "(700",
            "x");
    private static final List<String> LEX = List.of("-", "+", "[m1", "(m1", "[m5", "(m7", "[", "[m50", "(m3", "x");
    private static final List<String> RANKS = List.of("0", "1", "-1", "2", "-2", "10", "-10", "100", "-100", "300");

    /** @param lex whether all members have one score */
    private static String[] chance(Draw draw, int members, boolean lex) {
        String key = draw.of("a", "b", "{a}x");
        return switch (draw.nextInt(28)) {
            case 26 -> words("ZMPOP", "2", key, draw.of("a", "b", "{a}x"), draw.of("MIN", "MAX"), "COUNT",
                    draw.of("1", "3"));
            case 0, 1, 2, 3, 4 -> add(draw, key, members, lex);
            case 5 -> words("ZADD", key, draw.of("NX", "XX", "GT", "LT", "CH", "INCR"), score(draw, lex),
                    member(draw, members));
            case 6 -> lex
                    ? words("ZCARD", key)
                    : words("ZINCRBY", key, draw.of(SCORES), member(draw, members));
            case 7, 8 -> words("ZREM", key, member(draw, members), member(draw, members));
            case 9 -> words("ZSCORE", key, member(draw, members));
            case 10 -> words("ZMSCORE", key, member(draw, members), member(draw, members));
            case 11, 12 -> words(draw.of("ZRANK", "ZREVRANK"), key, member(draw, members));
            case 13 -> words("ZCOUNT", key, draw.of(BOUNDS), draw.of(BOUNDS));
            case 14 -> words("ZLEXCOUNT", lex ? key : "none", draw.of(LEX), draw.of(LEX));
            case 15, 16 -> words(draw.of("ZRANGE", "ZREVRANGE"), key, draw.of(RANKS), draw.of(RANKS), "WITHSCORES");
            case 17 ->
                words("ZRANGE", key, draw.of(BOUNDS), draw.of(BOUNDS), "BYSCORE", "LIMIT", draw.of("0", "1", "5"),
                        draw.of("-1", "0", "3", "20"), "WITHSCORES");
            case 18 -> words("ZREVRANGEBYSCORE", key, draw.of(BOUNDS), draw.of(BOUNDS));
            case 19 -> words(draw.of("ZRANGEBYLEX", "ZREVRANGEBYLEX"), lex ? key : "none", draw.of(LEX), draw.of(LEX));
            case 20 -> words("ZREMRANGEBYRANK", key, draw.of(RANKS), draw.of(RANKS));
            case 21 -> words("ZREMRANGEBYSCORE", key, draw.of("3", "(500"), draw.of("3", "(501", "502"));
            case 22 -> words("ZREMRANGEBYLEX", lex ? key : "none", draw.of("[m1", "[m5"), draw.of("(m11", "[m6"));
            case 23, 24 -> words(draw.of("ZPOPMIN", "ZPOPMAX"), key, draw.of("1", "0", "3"));
            default -> words(draw.of("TYPE", "ZCARD", "ZPOPMIN", "ZPOPMAX"), key);
        };
    }

    private static String[] add(Draw draw, String key, int members, boolean lex) {
        List<String> words = new ArrayList<>(List.of("ZADD", key));
        int count = 1 + draw.nextInt(members / 10);
        for (int i = 0; i < count; i++) {
            words.add(score(draw, lex));
            words.add(member(draw, members));
        }
        return words.toArray(String[]::new);
    }

    private static String score(Draw draw, boolean lex) {
        return lex ? "0" : draw.oneIn(50) ? draw.of(SCORES) : Integer.toString(draw.nextInt(1000));
    }

    private static String member(Draw draw, int members) {
        int number = draw.nextInt(members);
        return number % 3 == 0
                ? Integer.toString(number)
                : number % 100 == 1 ? "long".repeat(20) + number : "m" + number;
    }

    private static String[] words(String... words) {
        return words;
    }
}
