package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.testkit.gen.Draw;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Numbers with a fraction, and bits, answer as redis-server does. */
class StringDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            INCRBYFLOAT a 1; INCRBYFLOAT a 0.25; GET a; INCRBYFLOAT a -1.25; GET a; SET a 10.50; INCRBYFLOAT a 0.1; SET a 5.0e3; INCRBYFLOAT a 2.0e2; SET a 3.0e3; INCRBYFLOAT a 1e-2; SET a 0.1; INCRBYFLOAT a 0.2; INCRBYFLOAT a 0.7; INCRBYFLOAT a -0.3333333333333333333
            SET a 17179869184; INCRBYFLOAT a 1.5; INCRBYFLOAT a 17179869184; SET a " 11"; INCRBYFLOAT a 1; SET a "11 "; INCRBYFLOAT a 1; SET a " 11 "; INCRBYFLOAT a 1; SET a ""; INCRBYFLOAT a 1; SET a 1; INCRBYFLOAT a ""; INCRBYFLOAT a x; INCRBYFLOAT a 1x; INCRBYFLOAT a " 1"; INCRBYFLOAT a; INCRBYFLOAT a 1 2
            SET a 0; INCRBYFLOAT a inf; INCRBYFLOAT a -inf; INCRBYFLOAT a +infinity; INCRBYFLOAT a Infinit; INCRBYFLOAT a nan; INCRBYFLOAT a nan(1); INCRBYFLOAT a INF; SET a inf; INCRBYFLOAT a 1; INCRBYFLOAT a -inf; SET a nan; INCRBYFLOAT a 1; SET a "1\\x00"; INCRBYFLOAT a 1; SET a 1; INCRBYFLOAT a "2\\x003"
            SET a 1; INCRBYFLOAT a -1; INCRBYFLOAT a -1.1; INCRBYFLOAT a 1.1; SET a -0; INCRBYFLOAT a -0.0; SET a 1; INCRBYFLOAT a -1.00000000000000000001; SET a 0; INCRBYFLOAT a -1e-30; INCRBYFLOAT a 1e-17; INCRBYFLOAT a 4e-18; INCRBYFLOAT a -9.4e-18
            SET a 1e4000; INCRBYFLOAT a 1; STRLEN a; SET a 1e5000; INCRBYFLOAT a 1; SET a 1.2e4932; INCRBYFLOAT a 1; INCRBYFLOAT a 1.1e4932; SET a 1e-5000; INCRBYFLOAT a 1; SET a 1e-4950; INCRBYFLOAT a 1; SET a 3.6e-4951; INCRBYFLOAT a 0; SET a 1; INCRBYFLOAT a 1e999999999999; INCRBYFLOAT a 1e-999999999999; INCRBYFLOAT a 0e999999999999
            SET a 0x10; INCRBYFLOAT a 0x1p4; INCRBYFLOAT a 0X.8P1; INCRBYFLOAT a 0x; INCRBYFLOAT a 0x1p; INCRBYFLOAT a -0xff.ffp-3; INCRBYFLOAT a 0x1g; INCRBYFLOAT a 0x1p99999; INCRBYFLOAT a 0x1p-99999; INCRBYFLOAT a 0x1.fffffffffffffffffp0; INCRBYFLOAT a 1p3; INCRBYFLOAT a 0x1e3
            SET a 1; INCRBYFLOAT a .5; INCRBYFLOAT a 5.; INCRBYFLOAT a .; INCRBYFLOAT a -.; INCRBYFLOAT a +.5; INCRBYFLOAT a --1; INCRBYFLOAT a 1e; INCRBYFLOAT a 1e+; INCRBYFLOAT a 1e+1; INCRBYFLOAT a 1E-1; INCRBYFLOAT a 1.5.5; INCRBYFLOAT a 1,5; INCRBYFLOAT a 00012.50; INCRBYFLOAT a "1\\n"
            SET a 123456789012345678901234567890; INCRBYFLOAT a 1; SET a 9223372036854775807; INCRBYFLOAT a 1; INCRBYFLOAT a 0.5; SET a 18446744073709551615; INCRBYFLOAT a 1; INCRBYFLOAT a 1; SET a 36893488147419103231; INCRBYFLOAT a 0; SET a 36893488147419103233; INCRBYFLOAT a 0; SET a 0.12345678901234567890123456789; INCRBYFLOAT a 0; INCRBYFLOAT a 1000000000; INCRBYFLOAT a -1000000000
            SET a 1.5 EX 100; INCRBYFLOAT a 1.5; TTL a; INCRBYFLOAT b 3.0; GET b; APPEND b x; INCRBYFLOAT b 1; INCRBYFLOAT {a}c 1e2; INCR {a}c
            GETBIT a 0; SETBIT a 7 1; GET a; SETBIT a 7 1; SETBIT a 7 0; GET a; SETBIT a 0 1; GET a; GETBIT a 0; GETBIT a 1; GETBIT a 100; SETBIT a 100 0; STRLEN a; GETBIT a x; GETBIT a -1; GETBIT a 4294967296; SETBIT a 4294967296 1; SETBIT a x 1; SETBIT a 1 2; SETBIT a 1 -1; SETBIT a 1 x; SETBIT a 1; GETBIT a; GETBIT a #1; SETBIT b 10 0; GET b; SETBIT a 9223372036854775807 1; SETBIT a 1 4294967296; SETBIT a 1 4294967297
            SET a 1 EX 100; SETBIT a 3 1; GET a; TTL a; SETBIT a 6 1; GET a; SET a 123; SETBIT a 25 1; GET a
            BITCOUNT a; BITCOUNT a 0 -1; BITCOUNT a x; BITCOUNT a 0; BITCOUNT a x y; SET a foobar; BITCOUNT a; BITCOUNT a 0 0; BITCOUNT a 1 1; BITCOUNT a 0 -1; BITCOUNT a -2 -1; BITCOUNT a -1 -2; BITCOUNT a 3 1; BITCOUNT a 5 30 BIT; BITCOUNT a 5 30 BYTE; BITCOUNT a 5 30 bit; BITCOUNT a 0 -1 foo; BITCOUNT a 0 -1 BIT x; BITCOUNT a -1 -2 foo; BITCOUNT a x 1; BITCOUNT a 1 x; BITCOUNT a -100 100; BITCOUNT a -100 -50; BITCOUNT a 100 200; BITCOUNT a -1 9223372036854775807; BITCOUNT a -9223372036854775808 9223372036854775807 BIT; BITCOUNT a 9223372036854775807 9223372036854775807 BIT; BITCOUNT a -13 -13 BIT; BITCOUNT a 7 8 BIT; BITCOUNT a 8 15 BIT; BITCOUNT a 0; SET a ""; BITCOUNT a; BITCOUNT a 0 -1; BITCOUNT a 0 0 BIT
            BITPOS a 0; BITPOS a 1; BITPOS a 2; BITPOS a x; BITPOS a 1 x; BITPOS a 1 0 -1 foo; BITPOS a; SET a "\\xff\\xf0\\x00"; BITPOS a 0; BITPOS a 1; BITPOS a 0 1; BITPOS a 1 2; BITPOS a 0 0 0; BITPOS a 0 0 1; BITPOS a 1 1 -1; BITPOS a 1 1 2 BIT; BITPOS a 0 1 11 BIT; BITPOS a 0 1 12 BIT; BITPOS a 0 3; BITPOS a 1 3; BITPOS a 0 2 1; BITPOS a 0 x; BITPOS a 0 0 x; BITPOS a 0 0 1 foo; BITPOS a 0 0 1 BYTE; BITPOS a 0 0 1 BIT x; BITPOS a 2 0; BITPOS a -1; BITPOS a 1 -1 -1; BITPOS a 0 -1 -1; BITPOS a 1 -13 -13 BIT; SET a "\\xff\\xff\\xff"; BITPOS a 0; BITPOS a 0 0; BITPOS a 0 0 -1; BITPOS a 0 0 -1 BIT; BITPOS a 0 1; BITPOS a 0 5; BITPOS a 0 -9223372036854775808 9223372036854775807; SET a ""; BITPOS a 0; BITPOS a 1; BITPOS a 0 0; BITPOS a 0 0 -1; BITPOS a 1 0 -1 BIT
            SET a "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01"; BITPOS a 1; BITPOS a 1 3; BITPOS a 1 3 18; BITPOS a 0; BITPOS a 1 5 158 BIT; BITPOS a 1 5 159 BIT; SETBIT a 83 1; BITPOS a 1; BITPOS a 1 84 -1 BIT; BITCOUNT a; BITCOUNT a 84 -2 BIT
            BITOP AND d; BITOP foo d a; BITOP NOT d a b; BITOP NOT d a; EXISTS d; SET a "\\xaa\\x00\\xff\\x55" EX 100; BITOP NOT d a; GET d; TTL d; TTL a; BITOP NOT e a; BITOP NOT f a; BITOP NOT g a; BITOP NOT h a; TTL a; DEL e f g h; SET b "\\x0f\\xf0"; BITOP AND d a b; GET d; BITOP OR d a b; GET d; BITOP XOR d a b c; GET d; BITOP AND d a b c; GET d; BITOP or a a b; GET a; TTL a; BITOP xor {a}d a; GET {a}d; BITOP AND d e f; EXISTS d; SET a 12345678901234567890; SET b abcdefghijklmnopqrstuvwxyz; BITOP XOR d a b; GET d; BITOP OR d b a a; GET d; BITOP AND d b b a; GET d; SADD s 1; BITOP AND d a s; BITOP AND s a b; TYPE s; SET c ""; BITOP OR d a c; GET d; EXISTS c; BITOP OR d c a; BITOP OR e c a; BITOP OR f c a; BITOP OR g c a; EXISTS c
            LCS a; LCS a b; SET a ohmytext; SET b mynewtext; LCS a b; LCS a b LEN; LCS a b IDX; LCS a b IDX MINMATCHLEN 4; LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN; LCS a b IDX LEN; LCS a b MINMATCHLEN; LCS a b MINMATCHLEN x; LCS a b foo; LCS a c; LCS c a IDX; LCS a c LEN; LCS a a IDX WITHMATCHLEN; LCS b a IDX MINMATCHLEN -1; SADD s 1; LCS a s; LCS s a foo; SET {a}1 GATTACA; SET {a}2 ATTAGA; LCS {a}1 {a}2; LCS {a}1 {a}2 IDX WITHMATCHLEN MINMATCHLEN 2; LCS a b LEN WITHMATCHLEN MINMATCHLEN 9223372036854775807
            PFCOUNT a; PFADD a; PFADD a; EXISTS a; GET a; PFCOUNT a; PFADD a x; PFADD a x; PFADD a x y z; GET a; PFCOUNT a; GET a; PFADD b y w ""; PFCOUNT a b; PFCOUNT a b c; PFCOUNT c d; PFMERGE d a b; GET d; PFCOUNT d; PFMERGE e; GET e; PFMERGE a b; GET a; PFMERGE {a}1 a; GET {a}1; SET s foo; PFADD s x; PFCOUNT s; PFCOUNT a s; PFMERGE d s; PFMERGE s a; SADD t 1; PFADD t 1; PFCOUNT t a; PFMERGE d t; PFMERGE t d; PFADD; PFCOUNT; PFMERGE; SETRANGE a 4 x; PFCOUNT a; SETRANGE b 16 "\\x7f\\xff\\x01"; PFCOUNT b; PFADD b q; PFCOUNT b d; PFMERGE d b
            BITFIELD a; BITFIELD_RO a; EXISTS a; BITFIELD a GET u8 0 GET i8 0; EXISTS a; BITFIELD a SET u8 0 255 GET u8 0 GET i8 0; GET a; BITFIELD a SET i5 3 -3 GET i5 3; GET a; BITFIELD a INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1; BITFIELD a INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1; BITFIELD a INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1; BITFIELD a INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1; BITFIELD a OVERFLOW FAIL INCRBY u2 102 1; GET a; STRLEN a
            BITFIELD a GET; BITFIELD a GET u8; BITFIELD a foo; BITFIELD a SET u8 0; BITFIELD a GET u64 0; BITFIELD a GET i65 0; BITFIELD a GET u0 0; BITFIELD a GET 8 0; BITFIELD a GET u 0; BITFIELD a GET "" 0; BITFIELD a GET ux 0; BITFIELD a GET u8 x; BITFIELD a GET u8 -1; BITFIELD a GET u8 #; BITFIELD a GET u8 #x; BITFIELD a GET u8 #-1; BITFIELD a SET u8 0 x; BITFIELD a OVERFLOW; BITFIELD a OVERFLOW foo; BITFIELD a OVERFLOW WRAP; BITFIELD a SET u8 0 1 foo; EXISTS a; BITFIELD_RO a SET u8 0 1; BITFIELD_RO a INCRBY u8 0 1; BITFIELD_RO a SET u8 x 1; BITFIELD_RO a GET u8 0 OVERFLOW SAT; BITFIELD_RO a OVERFLOW FOO; BITFIELD a GET u8 4294967296; BITFIELD a GET u8 #536870912; BITFIELD a GET U8 0; BITFIELD a get i8 0; BITFIELD a GET u8 #2305843009213693952
            BITFIELD a SET i64 0 -1 INCRBY i64 0 1 INCRBY i64 0 -9223372036854775808 INCRBY i64 0 -1; BITFIELD a OVERFLOW SAT SET i64 3 9223372036854775807 INCRBY i64 3 1 SET i64 3 -9223372036854775808 INCRBY i64 3 -1; BITFIELD a OVERFLOW FAIL SET i64 3 9223372036854775807 INCRBY i64 3 1 INCRBY i64 3 -1; BITFIELD a GET i64 3 GET u63 3 GET i64 100 GET i1 0 GET u1 #5
            BITFIELD a SET u8 #2 200 GET u8 16 INCRBY u8 #2 100 OVERFLOW SAT INCRBY u8 #2 250 INCRBY u8 #2 -300 OVERFLOW FAIL INCRBY u8 #2 -1 SET u8 #2 256 SET u8 #2 -1 SET i8 0 128 SET i8 0 -129 OVERFLOW WRAP SET u8 #2 256 SET u8 #2 -1 SET i8 0 128 SET i8 0 -129 OVERFLOW SAT SET u8 #2 256 SET u8 #2 -1 SET i8 0 128 SET i8 0 -129; GET a
            SET a abc EX 100; BITFIELD a SET u8 40 97; GET a; TTL a; BITFIELD_RO a GET u8 0 GET u63 0 GET i64 40; BITFIELD a INCRBY u63 7 9223372036854775807 INCRBY u63 7 1 INCRBY u63 7 -9223372036854775808
            """;

    StringDifferentialTest() {
        super(SEQUENCES, 1, 4, StringDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        return commands(draw, 1000, StringDifferentialTest::chance);
    }

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    void whatIsCountedAboutIsKeptAsInRedis(int shards, String protocol) {
        List<String[]> commands = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            String key = i % 3 == 0 ? "a" : "b";
            commands.add(new String[]{"PFADD", key, "element " + i, "x" + i, "y" + i % 50});
            commands.add(new String[]{"PFCOUNT", key});
            if (i % 50 == 0) {
                commands.add(new String[]{"GET", key});
                commands.add(new String[]{"PFCOUNT", "a", "b", "c"});
                commands.add(new String[]{"PFMERGE", "c", "a", i % 100 == 0 ? "b" : "a"});
                commands.add(new String[]{"GET", "c"});
            }
        }
        commands.add(new String[]{"GET", "a"});
        commands.add(new String[]{"GET", "b"});
        redis.compare(shards, protocol, commands, false);
    }

    private static final List<String> KEYS = List.of("a", "b", "c", "{a}x");
    private static final List<String> VALUES = List.of("", "1", "-7.25", "1e30", "abc", "\0\u00ff\u0080\1",
            "\u00ff".repeat(9),
            "\0".repeat(20), "123.456");
    private static final List<String> OFFSETS = List.of("0", "1", "7", "8", "9", "-1", "-8", "-9", "15", "63", "64",
            "100",
            "200", "-200", "x");
    private static final List<String> NUMBERS = List.of("0", "1", "-1", "2", "127", "128", "255", "256", "-128", "-129",
            "65535", "9223372036854775807", "-9223372036854775808");

    private static String[] chance(Draw draw) {
        String key = draw.of(KEYS);
        return switch (draw.nextInt(9)) {
            case 0 -> new String[]{"SET", key, draw.of(VALUES)};
            case 1 -> new String[]{"GET", key};
            case 2 ->
                new String[]{"SETBIT", key, Integer.toString(draw.nextInt(150)), Integer.toString(draw.nextInt(2))};
            case 3 -> new String[]{"GETBIT", key, Integer.toString(draw.nextInt(200))};
            case 4 ->
                new String[]{"BITCOUNT", key, draw.of(OFFSETS), draw.of(OFFSETS), draw.of(List.of("BIT", "BYTE"))};
            case 5 -> draw.nextInt(2) == 0
                    ? new String[]{"BITPOS", key, Integer.toString(draw.nextInt(2)), draw.of(OFFSETS)}
                    : new String[]{"BITPOS", key, Integer.toString(draw.nextInt(2)), draw.of(OFFSETS), draw.of(OFFSETS),
                            draw.of(List.of("BIT", "BYTE"))};
            case 6 -> new String[]{"INCRBYFLOAT", key, number(draw)};
            default -> bitfield(draw, key);
        };
    }

    private static String number(Draw draw) {
        String digits = (draw.nextInt(2) == 0 ? "-" : "") + draw.nextInt(1_000_000) + "." + draw.nextInt(1_000_000_000)
                + draw.nextInt(1_000_000_000);
        return draw.nextInt(4) == 0 ? digits + "e" + (draw.nextInt(60) - 30) : digits;
    }

    private static String[] bitfield(Draw draw, String key) {
        List<String> words = new ArrayList<>(List.of("BITFIELD", key));
        int operations = 1 + draw.nextInt(4);
        for (int i = 0; i < operations; i++) {
            if (draw.nextInt(3) == 0) {
                words.addAll(List.of("OVERFLOW", draw.of(List.of("WRAP", "SAT", "FAIL"))));
            }
            boolean signed = draw.nextInt(2) == 0;
            String type = (signed ? "i" : "u") + (1 + draw.nextInt(signed ? 64 : 63));
            String offset = draw.nextInt(3) == 0 ? "#" + draw.nextInt(4) : Integer.toString(draw.nextInt(90));
            switch (draw.nextInt(3)) {
                case 0 -> words.addAll(List.of("GET", type, offset));
                case 1 -> words.addAll(List.of("SET", type, offset, draw.of(NUMBERS)));
                default -> words.addAll(List.of("INCRBY", type, offset, draw.of(NUMBERS)));
            }
        }
        return words.toArray(String[]::new);
    }
}
