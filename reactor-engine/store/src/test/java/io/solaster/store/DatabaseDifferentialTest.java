package io.solaster.store;

import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Every reply of what chooses between databases is redis-server's to the byte. */
class DatabaseDifferentialTest extends ComparedByChance {
    private static final String SEQUENCES = """
            SELECT; SELECT x; SELECT ""; SELECT -1; SELECT 16; SELECT 15; SELECT 1 2; SELECT 3000000000; SELECT 99999999999999999999; CONFIG GET databases; CONFIG SET databases 3
            SET a 0; SELECT 1; GET a; EXISTS a; SET a 1; GET a; SELECT 0; GET a; SELECT 1; DEL a; EXISTS a; SELECT 0; GET a; DBSIZE; SELECT 2; DBSIZE; KEYS *; RANDOMKEY; SCAN 0; INFO keyspace
            SELECT 1; SET abc one; SELECT 0; EXISTS "\\x01abc"; SET "\\x01abc" zero; SELECT 1; GET abc; EXISTS "\\x01abc"; KEYS *; DEL "\\x01abc"; GET abc; SELECT 0; GET "\\x01abc"; KEYS *
            SET a 1; MOVE a 0; MOVE a 16; MOVE a -1; MOVE a x; MOVE a ""; MOVE a 99999999999; MOVE b 1; MOVE b 0; MOVE a; MOVE a 1 2; MOVE a 1; GET a; DBSIZE; SELECT 1; GET a; KEYS *; MOVE a 0; DBSIZE; SELECT 0; SELECT 1; SET a 2; MOVE a 0; GET a
            SET a 1 EX 1000; MOVE a 3; TTL a; SELECT 3; TTL a; PERSIST a; RPUSH l 1 2; MOVE l 0; LPUSH l 3; LRANGE l 0 -1; SELECT 0; LRANGE l 0 -1; HSET h f v; MOVE h 3; SELECT 3; HGETALL h; SADD s x; MOVE s 0; ZADD z 1 a; MOVE z 0; KEYS s; SELECT 0; SMEMBERS s; ZRANGE z 0 -1 WITHSCORES; DBSIZE
            SET a 1; COPY a b DB; COPY a b DB x; COPY a b DB 16; COPY a b DB 9999999999; COPY a a; COPY a a DB 0; COPY a a DB 1; COPY a a DB 1; COPY a a DB 1 REPLACE; COPY a b DB 1 DB 2; COPY a b db 2 foo; COPY none b DB 1; SELECT 1; GET a; EXISTS b; SELECT 2; GET b; DBSIZE; COPY b c DB 0 REPLACE; SELECT 0; GET c
            RPUSH l 1 2 3; COPY l l DB 1; COPY l m DB 1; SADD s a; COPY s s DB 1; SELECT 1; RPUSH l 4; LRANGE l 0 -1; LRANGE m 0 -1; SMEMBERS s; SELECT 0; LRANGE l 0 -1; COPY l l DB 1; COPY l l DB 1 REPLACE; SELECT 1; LRANGE l 0 -1
            SWAPDB; SWAPDB 0; SWAPDB x 1; SWAPDB 1 x; SWAPDB 0 16; SWAPDB -1 0; SWAPDB 9999999999 0; SWAPDB 0 0; SET a 0; SELECT 1; SET a 1; SWAPDB 0 1; GET a; SELECT 0; GET a; SWAPDB 1 2; SELECT 2; GET a; SELECT 1; DBSIZE; SWAPDB 1 5; SELECT 5; DBSIZE
            SET a 0; SELECT 1; SET a 1; SET b 1; FLUSHDB x; FLUSHDB; DBSIZE; SELECT 0; DBSIZE; GET a; SELECT 1; SET c 1; SELECT 2; FLUSHDB ASYNC; FLUSHDB SYNC; SELECT 1; GET c; FLUSHALL; DBSIZE; SELECT 0; DBSIZE
            MULTI; SELECT 1; SET a 1; SELECT 2; SET a 2; GET a; DBSIZE; SELECT 99; GET a; EXEC; GET a; SELECT 1; GET a; DBSIZE; MULTI; SELECT 3; DISCARD; GET a; MULTI; SELECT 0; SET x y; MSET p 1 q 2 r 3; EXEC; MGET p q r x; RESET; GET a
            MULTI; MSET a 1 b 2 c 3; SELECT 1; MGET a b c; MSET a 4 b 5 c 6; SWAPDB 0 1; MGET a b c; FLUSHDB; MGET a b c; SELECT 0; MGET a b c; EXEC; MGET a b c; DBSIZE
            SELECT 3; SET a 1; WATCH a; SELECT 0; SET a 0; SELECT 3; MULTI; GET a; EXEC; WATCH a; SELECT 0; MULTI; SELECT 3; SET a 2; EXEC; GET a; SELECT 3; WATCH a; SET a 3; SELECT 0; MULTI; PING; EXEC
            WATCH a; SELECT 1; SET a 1; SWAPDB 0 1; SELECT 0; MULTI; PING; EXEC; WATCH none; SWAPDB 0 1; MULTI; PING; EXEC; SET a 1; WATCH a; MOVE a 4; MULTI; PING; EXEC; SELECT 4; WATCH a; SELECT 5; FLUSHDB; MULTI; PING; EXEC; SELECT 4; WATCH a; FLUSHDB; MULTI; PING; EXEC
            SELECT 2; EVAL "redis.call('select', 3); redis.call('set', KEYS[1], 'x'); return redis.call('get', KEYS[1])" 1 a; GET a; SELECT 3; GET a; EVAL "return {redis.call('select', 99)}" 0; EVAL "return {redis.pcall('select', 99)['err']}" 0; EVAL "redis.call('select', 0) return redis.call('dbsize')" 0; EVAL "return redis.call('move', KEYS[1], 2)" 1 a; GET a; SELECT 2; GET a
            SELECT 4; RPUSH l a b; RPOPLPUSH l m; LMOVE l m LEFT LEFT; LRANGE m 0 -1; SELECT 0; EXISTS l m; SELECT 4; RENAME m n; RENAMENX n o; SADD s 1 2; SADD t 2 3; SUNIONSTORE u s t; SINTER s t; SMOVE s t 1; SCARD t; SELECT 0; EXISTS n o s t u; SELECT 4; EXISTS n o s t u
            SELECT 5; RPUSH l 3 1 2; SET w_1 9; SET w_2 8; SET w_3 7; SORT l; SORT l BY w_*; SORT l BY w_* GET # GET w_*; SORT l STORE d; LRANGE d 0 -1; SELECT 0; EXISTS d; SET w_1 1; SELECT 5; SORT l GET w_*; DUMP l; OBJECT ENCODING l; TYPE l; SELECT 0; TYPE l; OBJECT ENCODING l
            SELECT 6; BLPOP l 0.01; RPUSH l a; BLPOP l 0; BLMOVE l m LEFT LEFT 0.01; SET x 1; SELECT 0; EXISTS x; SELECT 6; PFADD p a b c; PFCOUNT p; PFMERGE q p; PFCOUNT q; BITOP NOT r x; GET r; LCS x r; SELECT 0; EXISTS p q r
            COMMAND INFO move swapdb select copy flushdb; COMMAND GETKEYS MOVE a 1; COMMAND GETKEYS COPY a b DB 1; COMMAND LIST FILTERBY PATTERN swap*; ACL CAT foo; DBSIZE x
            """;

    private static final List<String> KEYS = List.of("a", "b", "c", "{a}d", "\u0001a", "\u0002b", "");

    DatabaseDifferentialTest() {
        super(SEQUENCES, 1, 12, DatabaseDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        return commands(draw, 200, DatabaseDifferentialTest::command);
    }

    private static String[] command(Draw draw) {
        String key = draw.of(KEYS);
        String other = draw.of(KEYS);
        String database = Integer.toString(draw.nextInt(4));
        return switch (draw.nextInt(32)) {
            case 0, 1, 2, 3 -> words("SELECT", database);
            case 4, 5 -> words("MOVE", key, database);
            case 6 -> words("COPY", key, other, "DB", database);
            case 7 -> words("COPY", key, other, "DB", database, "REPLACE");
            case 8 -> words("SWAPDB", database, Integer.toString(draw.nextInt(4)));
            case 9 -> draw.nextInt(4) == 0 ? words("FLUSHDB") : words("DBSIZE");
            case 10 -> draw.nextInt(12) == 0 ? words("FLUSHALL") : words("DBSIZE");
            case 11 -> words("MULTI");
            case 12, 13 -> words("EXEC");
            case 14 -> words("WATCH", key);
            case 15 -> words("RENAME", key, other);
            case 16 -> words("RPUSH", key, other, database);
            case 17 -> words("LRANGE", key, "0", "-1");
            case 18 -> words("MSET", key, database, other, key);
            case 19 -> words("MGET", key, other);
            case 20 -> words("DEL", key, other);
            case 21 -> words("EXISTS", key, other);
            case 22 -> words("TYPE", key);
            case 23 -> words("EVAL", "redis.call('select', ARGV[1]) return redis.call('exists', KEYS[1])", "1", key,
                    database);
            case 24 -> words("PEXPIREAT", key, draw.nextInt(3) == 0 ? "1" : "9999999999999");
            case 25 -> words("PEXPIRETIME", key);
            case 26 -> words("LMOVE", key, other, "LEFT", "RIGHT");
            case 27 -> words("SORT", key, "BY", "nosort", "STORE", other);
            case 28 -> words("UNWATCH");
            case 29 -> words("DISCARD");
            case 30 -> words("SUNIONSTORE", key, other);
            default -> words("SET", key, database);
        };
    }

    private static String[] words(String... words) {
        return words;
    }
}
