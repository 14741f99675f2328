package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of commands on lists is redis-server's to the byte. */
class ListDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            LPUSH a 1; LPUSH a 2 3; RPUSH a 4 5; LRANGE a 0 -1; LLEN a; LPUSH a; LPUSH; RPUSH a; LPUSHX a 0; RPUSHX a 9 10; LPUSHX b 1; RPUSHX b 1 2; EXISTS b; LPUSHX a; LRANGE a 0 -1; TYPE a; LLEN b; LLEN; LLEN a b; LRANGE b 0 -1
            RPUSH a x; SET s 1; LPUSH s 1; RPUSH s 1; LPUSHX s 1; LPOP s; RPOP s 2; LLEN s; LINDEX s 0; LINDEX s x; LSET s 0 x; LSET s x x; LINSERT s BEFORE a b; LREM s 1 a; LREM s x a; LTRIM s 0 1; LTRIM s x 1; LRANGE s 0 1; LRANGE s 0 x; LPOS s a; LPOS s a COUNT x; GET a; INCR a; APPEND a x; STRLEN a; GETRANGE a 0 1; SETRANGE a 0 x; GETSET a x; GETDEL a; SET a 1 GET; MGET a s; SET a 1; GET a; LPUSH a x; DEL a; LPUSH a x; TYPE a; EXPIRE a 1000; LPUSH a y; TTL a; LPOP a 2; TTL a
            RPUSH a 1 2 3 4 5; LPOP a; RPOP a; LPOP a 0; LPOP a 2; LRANGE a 0 -1; LPOP a 5; EXISTS a; LPOP a; LPOP a 1; LPOP a 0; RPOP a; RPOP a 3; LPOP a x; LPOP a -1; LPOP a 1 2; RPOP a 1 2; LPOP; RPUSH a 1; LPOP a x; LPOP a -1; LPOP a ""; LPOP a 99999999999999999999; LPOP a 9223372036854775807; EXISTS a; RPUSH a 1 2 3; RPOP a 2; RPOP a 9; LPOP a 0
            RPUSH a 0 1 2 3 4 "" abc; LINDEX a 0; LINDEX a 6; LINDEX a 7; LINDEX a -1; LINDEX a -7; LINDEX a -8; LINDEX a x; LINDEX a 9223372036854775807; LINDEX a -9223372036854775808; LINDEX b 0; LINDEX b x; LINDEX a; LINDEX a 1.0; LINDEX a 5
            RPUSH a 0 1 2; LSET a 0 x; LSET a -1 y; LSET a 3 z; LSET a -4 z; LSET a x z; LSET b 0 x; LSET b x x; LSET a 1 10000; LRANGE a 0 -1; LSET a 1 ""; LRANGE a 0 -1; LSET a 9223372036854775807 x; LSET a
            RPUSH a a b c b; LINSERT a BEFORE b x; LINSERT a AFTER b y; LINSERT a before a first; LINSERT a after c last; LINSERT a AFTER nope x; LINSERT b BEFORE a x; LINSERT a foo b x; LINSERT b foo b x; LINSERT a BEFORE b; LRANGE a 0 -1; EXISTS b; LINSERT a AFTER b ""; LINSERT a BEFORE "" 7; LRANGE a 0 -1
            RPUSH a 1 2 1 3 1 2 1; LREM a 1 1; LRANGE a 0 -1; LREM a -1 1; LRANGE a 0 -1; LREM a 0 2; LRANGE a 0 -1; LREM a 5 nope; LREM a x 1; LREM a 1; LREM b 0 x; LREM a 0 1; LREM a 0 3; EXISTS a; LREM a 0 3; RPUSH a 1 1 1; LREM a -2 1; LREM a -9223372036854775808 1; LREM a -9223372036854775807 1; LREM b -9223372036854775808 1; EXISTS a
            RPUSH a 0 1 2 3 4 5 6 7 8 9; LTRIM a 1 -2; LRANGE a 0 -1; LTRIM a -5 100; LRANGE a 0 -1; LTRIM a -100 2; LRANGE a 0 -1; LTRIM a 0 -1; LTRIM a x 1; LTRIM a 1 x; LTRIM b 0 1; LTRIM a 2 1; EXISTS a; RPUSH a 1 2; LTRIM a 5 10; EXISTS a; RPUSH a 1 2; LTRIM a 0 -3; EXISTS a; RPUSH a 1; LTRIM a -9223372036854775808 9223372036854775807; LRANGE a 0 -1; LTRIM a 9223372036854775807 9223372036854775807; EXISTS a
            RPUSH a 0 1 2 3; LRANGE a 0 0; LRANGE a 1 2; LRANGE a -2 -1; LRANGE a -100 100; LRANGE a 2 1; LRANGE a 4 4; LRANGE a 3 3; LRANGE a x 1; LRANGE a 1 x; LRANGE b 0 1; LRANGE b x 1; LRANGE a 0; LRANGE a -1 -2; LRANGE a -9223372036854775808 9223372036854775807; LRANGE a 9223372036854775807 -9223372036854775808
            RPUSH a a b c 1 2 3 c c; LPOS a c; LPOS a 3; LPOS a x; LPOS b a; LPOS a c RANK 1; LPOS a c RANK 2; LPOS a c RANK 4; LPOS a c RANK -1; LPOS a c RANK -2; LPOS a c RANK 0; LPOS a c RANK x; LPOS a c COUNT 2; LPOS a c COUNT 0; LPOS a c COUNT -1; LPOS a c COUNT x; LPOS a x COUNT 0; LPOS b x COUNT 0; LPOS a c MAXLEN 2; LPOS a c MAXLEN 3; LPOS a c MAXLEN 0; LPOS a c MAXLEN -1; LPOS a c MAXLEN x; LPOS a c RANK -1 COUNT 0; LPOS a c RANK -1 COUNT 2 MAXLEN 3; LPOS a c COUNT 0 RANK 2; LPOS a c RANK; LPOS a c foo; LPOS a c foo 1; LPOS a c RANK 1 COUNT; LPOS a c RANK -9223372036854775808; LPOS a c RANK -9223372036854775807; LPOS a c RANK 9223372036854775807 COUNT 1; LPOS a; LPOS a c rank 1 count 1 maxlen 1; LPOS b a RANK 0; LPOS a c COUNT 1 COUNT 2
            RPUSH a 1 2 3; LMOVE a b LEFT RIGHT; LMOVE a b right left; LMOVE a b LEFT LEFT; LMOVE a b LEFT RIGHT; EXISTS a; LRANGE b 0 -1; LMOVE b b LEFT RIGHT; LMOVE b b RIGHT RIGHT; LRANGE b 0 -1; LMOVE n b LEFT RIGHT; LMOVE b a foo LEFT; LMOVE b a LEFT foo; LMOVE b a LEFT; LMOVE b c LEFT RIGHT; TYPE c; SET s 1; LMOVE s b LEFT LEFT; LMOVE b s LEFT LEFT; LMOVE n s LEFT LEFT; LRANGE b 0 -1; RPOPLPUSH b a; RPOPLPUSH b b; RPOPLPUSH b a; RPOPLPUSH b a; RPOPLPUSH b a; LRANGE a 0 -1; RPOPLPUSH s a; RPOPLPUSH a s; RPOPLPUSH n s; RPOPLPUSH a; RPOPLPUSH a a; LRANGE a 0 -1
            RPUSH a 1; EXPIRE a 1000; RPOPLPUSH a a; TTL a; LMOVE a a LEFT LEFT; TTL a; LMOVE a b LEFT LEFT; TTL b; RPUSH a "" 0007 7 -1; LMOVE a c LEFT LEFT; LMOVE a {a}x LEFT RIGHT; LMOVE a c LEFT LEFT; LMOVE a c LEFT LEFT; LRANGE c 0 -1; EXISTS a
            LMPOP 1 a LEFT; LMPOP 2 a b LEFT; RPUSH b 1 2 3 4 5; LMPOP 2 a b LEFT; LMPOP 2 a b RIGHT COUNT 2; LMPOP 3 n b a left count 9; EXISTS b; RPUSH a 1 2; RPUSH b 3; LMPOP 2 b a LEFT COUNT 5; LMPOP 2 b a LEFT COUNT 1; SET s x; LMPOP 2 b s LEFT; LMPOP 2 s a LEFT; LMPOP 2 a s LEFT; LMPOP 2 b a RIGHT; LMPOP 0 a LEFT; LMPOP -1 a LEFT; LMPOP x a LEFT; LMPOP 1 a; LMPOP 2 a b; LMPOP 1 a b LEFT; LMPOP 1 a foo; LMPOP 1 a LEFT foo; LMPOP 1 a LEFT COUNT; LMPOP 1 a LEFT COUNT 0; LMPOP 1 a LEFT COUNT x; LMPOP 1 a LEFT COUNT -1; LMPOP 1 a LEFT COUNT 1 COUNT 1; LMPOP 1 a LEFT bar 1; LMPOP 2 a b LEFT COUNT 0; LMPOP 2 a b foo; LMPOP 2 a b LEFT COUNT 1 x; LMPOP; LMPOP 1; LMPOP 9 a b LEFT; LMPOP 3 a a a LEFT; RPUSH a 1 2; LMPOP 3 b a a LEFT; LMPOP 2 left count LEFT; RPUSH count x; LMPOP 2 left count LEFT COUNT 3
            COMMAND INFO lmove rpoplpush; COMMAND GETKEYS LMPOP 2 a b LEFT; COMMAND GETKEYS LMOVE a b LEFT RIGHT
            RPUSH a 1 2 3; BLPOP a 0; BRPOP n a 0; BLPOP a 1.5; BLPOP a 0.01; BLPOP a b c 0.001; SET s x; BLPOP s 0; BLPOP n s 0; BRPOP s a 0; BLPOP a; BLPOP; BLPOP a x; BLPOP a -1; BLPOP a ""; BLPOP a inf; BLPOP a -inf; BLPOP a nan; BLPOP a 1e300; BLPOP a 9223372036854775807; BLPOP a b x; BLPOP s x; BLPOP a b c -1; BLPOP a 0x; BLPOP a " 1"
            BLMOVE a b LEFT RIGHT 0.001; BLMOVE a b foo RIGHT 0; BLMOVE a b LEFT foo 0; BLMOVE a b LEFT RIGHT x; BLMOVE a b LEFT RIGHT -1; BLMOVE a b LEFT RIGHT; RPUSH a 1 2 3; BLMOVE a b LEFT RIGHT 0; BLMOVE a c RIGHT LEFT 0; BLMOVE a a LEFT LEFT 0; BRPOPLPUSH a b 0; BRPOPLPUSH a b 0.001; BRPOPLPUSH a b x; BRPOPLPUSH a b -1; SET s x; BRPOPLPUSH b s 0; BRPOPLPUSH s b 0; BLMOVE b s LEFT LEFT 0; LRANGE b 0 -1; BRPOPLPUSH n s 0.001
            BLMPOP 0.001 1 a LEFT; BLMPOP 0.001 2 a b LEFT; RPUSH b 1 2 3 4; BLMPOP 0 2 a b LEFT; BLMPOP 0 2 a b RIGHT COUNT 2; BLMPOP 0 3 a b c LEFT COUNT 7; BLMPOP x 1 a LEFT; BLMPOP -1 1 a LEFT; BLMPOP 0 0 a LEFT; BLMPOP 0 x a LEFT; BLMPOP 0 1 a foo; BLMPOP 0 1 a LEFT COUNT 0; BLMPOP 0 2 a b LEFT COUNT 0; BLMPOP x 0 a LEFT; BLMPOP x 1 a foo; BLMPOP x 1 a LEFT COUNT 0; BLMPOP 0 2 a LEFT; BLMPOP 0 1 a; BLMPOP 0; SET s x; BLMPOP 0 2 a s LEFT; COMMAND INFO blpop brpop blmove brpoplpush; COMMAND GETKEYS BLPOP a b 0; COMMAND GETKEYS BLMPOP 0 2 a b LEFT
            CLIENT UNBLOCK x; CLIENT UNBLOCK 999999; CLIENT UNBLOCK 1 foo; CLIENT UNBLOCK 999999 error; CLIENT UNBLOCK 999999 TIMEOUT; CLIENT UNBLOCK 1 2 3; CLIENT UNBLOCK
            """;

    ListDifferentialTest() {
        super(SEQUENCES, 1, 4, ListDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        int most = draw.of(3, 40, 400);
        return commands(draw, 1200, each -> chance(each, most));
    }

    private static final List<String> KEYS = List.of("a", "b", "c", "{a}x");
    private static final List<String> ELEMENTS = List.of("a", "b", "1", "2", "-1", "100000", "9223372036854775807", "",
            "007",
            "\0\r\n\u00ff", "x".repeat(70), "y".repeat(300), "z".repeat(5000));
    private static final List<String> NUMBERS = List.of("0", "1", "-1", "2", "-2", "5", "-5", "30", "-30", "100",
            "-100",
            "9223372036854775807", "-9223372036854775807", "x");

    /** @param most elements that are pushed at once */
    private static String[] chance(Draw draw, int most) {
        String key = draw.of(KEYS);
        return switch (draw.nextInt(28)) {
            case 0, 1, 2, 3 -> push(draw, key, most);
            case 4 -> new String[]{draw.of("LPUSHX", "RPUSHX"), key, draw.of(ELEMENTS)};
            case 5, 6 -> new String[]{draw.of("LPOP", "RPOP"), key};
            case 7 -> new String[]{draw.of("LPOP", "RPOP"), key, draw.of("0", "1", "2", "10", "50", "-1", "x")};
            case 8 -> new String[]{"LLEN", key};
            case 9, 10 -> new String[]{"LINDEX", key, draw.of(NUMBERS)};
            case 11, 12 -> new String[]{"LSET", key, draw.of(NUMBERS), draw.of(ELEMENTS)};
            case 13, 14 ->
                new String[]{"LINSERT", key, draw.of("BEFORE", "AFTER"), draw.of(ELEMENTS), draw.of(ELEMENTS)};
            case 15, 16 -> new String[]{"LREM", key, draw.of(NUMBERS), draw.of(ELEMENTS)};
            case 17 -> new String[]{"LTRIM", key, draw.of(NUMBERS), draw.of(NUMBERS)};
            case 18, 19 -> new String[]{"LRANGE", key, draw.of(NUMBERS), draw.of(NUMBERS)};
            case 20, 21 -> new String[]{"LPOS", key, draw.of(ELEMENTS), "RANK", draw.of(NUMBERS), "COUNT",
                    draw.of("0", "1", "2"), "MAXLEN", draw.of("0", "1", "20")};
            case 22 -> new String[]{"LRANGE", key, "0", "-1"};
            case 23 -> new String[]{"LMOVE", key, draw.of(KEYS), draw.of("LEFT", "RIGHT"), draw.of("LEFT", "RIGHT")};
            case 24 -> new String[]{"RPOPLPUSH", key, draw.of(KEYS)};
            case 25, 26 -> new String[]{"LMPOP", "3", key, draw.of(KEYS), draw.of(KEYS), draw.of("LEFT", "RIGHT"),
                    "COUNT", draw.of("1", "2", "30")};
            default -> new String[]{draw.of("TYPE", "EXISTS", "DEL", "GET"), key};
        };
    }

    private static String[] push(Draw draw, String key, int most) {
        List<String> words = new ArrayList<>(List.of(draw.of("LPUSH", "RPUSH"), key));
        int count = 1 + draw.nextInt(most);
        for (int i = 0; i < count; i++) {
            words.add(draw.nextInt(3) == 0 ? draw.of(ELEMENTS) : Integer.toString(draw.nextInt(1000)));
        }
        return words.toArray(String[]::new);
    }
}
