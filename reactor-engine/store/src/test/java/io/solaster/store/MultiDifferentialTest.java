package io.solaster.store;

import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of MULTI, EXEC, DISCARD, WATCH and UNWATCH is redis-server's to the byte. */
class MultiDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            MULTI; MULTI; WATCH a; PING; EXEC; EXEC; DISCARD; MULTI; DISCARD; EXEC; MULTI; EXEC; UNWATCH; MULTI; UNWATCH; EXEC
            MULTI x; EXEC x; DISCARD x; WATCH; UNWATCH x; MULTI; MULTI x; EXEC; EXEC; MULTI; EXEC x; EXEC; MULTI; WATCH; EXEC
            MULTI; foo; EXEC; MULTI; GET; SET a 1; EXEC; GET a; MULTI; CLIENT foo; EXEC; MULTI; DISCARD x; EXEC; MULTI; foo; DISCARD; EXEC
            MULTI; SET a 1; SET b 2; MGET a b c; INCR a; LPUSH a x; GET nokey; EXEC; MGET a b; MULTI; DEL a b; DBSIZE; EXEC; DBSIZE
            SET a x; MULTI; INCR a; SET b 1; EXEC; GET b; MULTI; MSETNX a 1 b 2; MSET a 1 b 2 c; RENAME a z; EXISTS a b z; EXEC; GET z
            WATCH a; SET a 1; MULTI; GET a; EXEC; MULTI; GET a; EXEC; WATCH a b; MULTI; SET a 2; EXEC; GET a; WATCH a; UNWATCH; SET a 3; MULTI; PING; EXEC
            WATCH a a; SET b 1; MULTI; PING x; EXEC; WATCH a; MULTI; SET a 1; DISCARD; SET a 2; MULTI; PING; EXEC; WATCH a; SET a 1; UNWATCH; MULTI; PING; EXEC
            SET a 1; WATCH a; EXPIRE a 100; MULTI; PING; EXEC; WATCH a; PERSIST a; MULTI; PING; EXEC; WATCH a; PERSIST a; MULTI; PING; EXEC; WATCH a; SET a 1; MULTI; PING; EXEC; WATCH a; SETNX a 1; MULTI; PING; EXEC
            WATCH a; FLUSHALL; MULTI; PING; EXEC; SET a 1; WATCH a; FLUSHALL; MULTI; PING; EXEC; SET a 1; WATCH a; FLUSHDB; MULTI; PING; EXEC; WATCH a; MULTI; FLUSHALL; EXEC; DBSIZE
            SET a 1; WATCH a; APPEND a ""; MULTI; PING; EXEC; WATCH a; SETRANGE a 0 ""; MULTI; PING range; EXEC; WATCH a; SETBIT a 1 0; MULTI; PING one; EXEC; WATCH a; SETBIT a 7 0; MULTI; PING; EXEC; WATCH a; GETEX a; MULTI; PING getex; EXEC; WATCH a; GETEX a PERSIST; MULTI; PING; EXEC
            SADD s 1 2; WATCH s; SADD s 1; MULTI; PING; EXEC; WATCH s; SREM s 7; MULTI; PING; EXEC; WATCH s; SMOVE s t 7; MULTI; PING; EXEC; WATCH t; SMOVE s t 1; MULTI; PING; EXEC; WATCH s; SUNIONSTORE s s t; MULTI; PING; EXEC
            HSET h f 1; WATCH h; HSETNX h f 2; MULTI; PING; EXEC; WATCH h; HDEL h g; MULTI; PING; EXEC; WATCH h; HSET h f 1; MULTI; PING; EXEC; WATCH h; HINCRBY h f x; MULTI; PING; EXEC; WATCH h; HDEL h f; MULTI; PING; EXEC
            ZADD z 1 a; WATCH z; ZADD z NX 2 a; MULTI; PING; EXEC; WATCH z; ZREM z b; MULTI; PING; EXEC; WATCH z; ZINCRBY z 1 a; MULTI; PING; EXEC; WATCH z; ZREMRANGEBYSCORE z 7 9; MULTI; PING; EXEC; WATCH z; ZPOPMIN z; MULTI; PING; EXEC
            RPUSH l a b; WATCH l; LREM l 0 x; MULTI; PING; EXEC; WATCH l; LINSERT l BEFORE x y; MULTI; PING; EXEC; WATCH l; LPUSHX m a; MULTI; PING; EXEC; WATCH l m; LSET l 0 a; MULTI; PING; EXEC; WATCH m; RENAME l m; MULTI; PING; EXEC; WATCH m; LPOP m 0; MULTI; PING; EXEC
            MULTI; SELECT 0; ECHO x; PING; OBJECT HELP x; CLIENT GETNAME; CLIENT SETNAME x; CLIENT GETNAME; TYPE a; TTL a; KEYS *; SCAN 0; RANDOMKEY; EXEC; RESET; CLIENT GETNAME; EXEC
            WATCH a; RESET; SET a 1; MULTI; PING; EXEC; MULTI; RESET; EXEC; MULTI; PING; RESET; DISCARD; GET a
            MULTI; CONFIG GET maxclients; CONFIG GET nope; CONFIG foo; EXEC; MULTI; COMMAND INFO get; COMMAND COUNT x; EXEC; MULTI; COMMAND INFO get; EXEC
            COMMAND INFO multi exec discard watch unwatch; COMMAND GETKEYS WATCH a b; COMMAND LIST FILTERBY ACLCAT transaction x
            """;

    private static final List<String> KEYS = List.of("a", "b", "c", "d", "e");

    MultiDifferentialTest() {
        super(SEQUENCES, 1, 12, MultiDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        return commands(draw, 150, MultiDifferentialTest::command);
    }

    private static String[] command(Draw draw) {
        String key = draw.of(KEYS);
        String other = draw.of(KEYS);
        String value = draw.of(List.of("1", "2", "x"));
        return switch (draw.nextInt(18)) {
            case 0, 1, 2 -> words("MULTI");
            case 3, 4, 5 -> words("EXEC");
            case 6 -> draw.nextInt(4) == 0 ? words("DISCARD") : words("UNWATCH");
            case 7, 8 -> words("WATCH", key, other);
            case 9 -> words("MSET", key, value, other, value);
            case 10 -> words("MGET", key, other);
            case 11 -> words("DEL", key, other);
            case 12 -> words("INCR", key);
            case 13 -> draw.nextInt(6) == 0 ? words("FLUSHALL") : words("DBSIZE");
            case 14 -> draw.nextInt(6) == 0 ? words("GET") : words("GET", key);
            case 15 -> words("RENAME", key, other);
            default -> words("SET", key, value);
        };
    }

    private static String[] words(String... words) {
        return words;
    }
}
