package io.solaster.store;

import java.util.List;

import io.solaster.testkit.gen.Draw;

/** Replies on hashes and sets are redis-server's to the byte, but for the order of what has none. */
class CollectionDifferentialTest extends ComparedByChance {
    /** Sequences, one a line, commands between semicolons. */
    private static final String SEQUENCES = """
            SADD a 1 2 3; SADD b 2 3 4; SADD c x 2; SINTER a b; SINTER a b c; SINTER a none; SINTER none; SINTER a; SINTER; SINTER a a; SUNION a b c none; SUNION none; SUNION; SDIFF a b; SDIFF a none b; SDIFF none a; SDIFF a a; SDIFF a; SINTERSTORE d a b; SMEMBERS d; SINTERSTORE d a none; EXISTS d; SINTERSTORE d; SUNIONSTORE d a b c; SMEMBERS d; SUNIONSTORE d; SDIFFSTORE d a b; SMEMBERS d; OBJECT ENCODING d; SDIFFSTORE a a b; SMEMBERS a; SUNIONSTORE a a b; SMEMBERS a; SDIFFSTORE a none; EXISTS a; SDIFFSTORE d; SINTERSTORE b b b; SMEMBERS b
            SET s x; SADD a 1 2; SINTER a s; SINTER s a; SINTER none s; SUNION a s; SDIFF a s; SDIFF s a; SINTERSTORE d a s; SUNIONSTORE d s; SDIFFSTORE d a s; EXISTS d; SINTERSTORE s a a; TYPE s; SET s x; SUNIONSTORE s a; SMEMBERS s; SET s x EX 1000; SDIFFSTORE s a; TTL s; SET s x; SDIFFSTORE s none; EXISTS s; EXPIRE a 1000; SUNIONSTORE a a; TTL a
            SADD a 1 2; SADD b 3; SMOVE a b 1; SMOVE a b 1; SMOVE a b 9; SMEMBERS a; SMEMBERS b; SMOVE a b 2; EXISTS a; SMEMBERS b; SMOVE a b 2; SMOVE b b 2; SMOVE b b 9; SMOVE b c x; SMOVE b c 1; SMEMBERS c; SMOVE b; SMOVE a b 1 2; SET s x; SMOVE s b 1; SMOVE b s 2; SMOVE b s 9; SMOVE none s 1; SMOVE s none 1; SMOVE b b x; SMOVE b d 3; SMOVE b d 2; EXISTS b; SMEMBERS d
            HSET h a 1; OBJECT ENCODING h; HSET h a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; OBJECT ENCODING h; HSET h a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; OBJECT ENCODING h; HSET h a 1; OBJECT ENCODING h; HSET i xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 1; OBJECT ENCODING i; SADD s 1 2; OBJECT ENCODING s; SADD s xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; OBJECT ENCODING s; SADD t xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; OBJECT ENCODING t
            HSET h a 1; HSET h a 2 b 3; HSET h; HSET h a; HSET h a 1 b; HMSET h a; HMSET h c 4 d 5; HMSET h a 1 b; HGETALL h; HKEYS h; HVALS h; HLEN h; HGETALL none; HKEYS none; HVALS none; HLEN none; HGET h a; HGET h x; HGET none a; HGET h; HMGET h a x b; HMGET none a b; HMGET h; HEXISTS h a; HEXISTS h x; HEXISTS none a; HSTRLEN h a; HSTRLEN h x; HSTRLEN none a; HSETNX h a 9; HSETNX h z 9; HSETNX n2 z 9; HGETALL h; HDEL h a x b; HDEL h a; HDEL none a; HDEL h; HDEL h c d z; EXISTS h; TYPE h; TYPE n2; HSET n2 z ""; HGET n2 z; HSET n2 "" y; HGET n2 ""; HSTRLEN n2 z
            SET s x; HSET s a 1; HGET s a; HGETALL s; HDEL s a; HLEN s; HINCRBY s a 1; HINCRBYFLOAT s a 1; HSCAN s 0; HRANDFIELD s; HRANDFIELD s 1; HMGET s a; HSETNX s a 1; HEXISTS s a; HSTRLEN s a; HKEYS s; HVALS s; HMSET s a 1; SADD s a; SREM s a; SCARD s; SMEMBERS s; SISMEMBER s a; SMISMEMBER s a; SPOP s; SPOP s 1; SRANDMEMBER s; SRANDMEMBER s 1; SSCAN s 0; HSET h a 1; GET h; SADD h a; INCR h; APPEND h x; STRLEN h; GETRANGE h 0 1; SETRANGE h 0 x; GETSET h x; GETDEL h; GETEX h; SET h 2 GET; MGET h s; SET h 2; GET h; SADD t a; HGET t a; GET t; SET t 1; TYPE t; HSET h2 a 1; SADD h2 a; DEL h2; SADD h2 a; TYPE h2
            HINCRBY h a 5; HINCRBY h a -7; HINCRBY h a x; HINCRBY h a 1.5; HINCRBY h a; HSET h b x c " 1" d 9223372036854775807 e 007 f ""; HINCRBY h b 1; HINCRBY h c 1; HINCRBY h d 1; HINCRBY h d 0; HINCRBY h e 1; HINCRBY h f 1; HINCRBY h d -9223372036854775808; HGETALL h; HINCRBY h g 9223372036854775807; HINCRBY h g 1; HINCRBY h g 9223372036854775808; HGET h g; HINCRBY none x nope; EXISTS none
            HINCRBYFLOAT h a 1.5; HINCRBYFLOAT h a 1.5; HINCRBYFLOAT h a 0.1; HINCRBYFLOAT h a -3.1; HINCRBYFLOAT h a x; HINCRBYFLOAT h a 1e3; HINCRBYFLOAT h a 1e-5; HINCRBYFLOAT h a " 1"; HINCRBYFLOAT h a "1 "; HINCRBYFLOAT h a ""; HINCRBYFLOAT h a inf; HINCRBYFLOAT h a -inf; HINCRBYFLOAT h a nan; HINCRBYFLOAT h a; HSET h b x c " 1" d 3.0e3 e 10 f "1\\x00"; HINCRBYFLOAT h b 1; HINCRBYFLOAT h c 1; HINCRBYFLOAT h d 200; HINCRBYFLOAT h e 0.3; HINCRBYFLOAT h f 1; HGETALL h; HSET h g 1e4900; HINCRBYFLOAT h g 1e4932; HINCRBYFLOAT h i 3.141592653589793238462643; HINCRBYFLOAT h j 123456789012345678; HINCRBYFLOAT h j 0.5; HINCRBYFLOAT h k 0.1; HINCRBYFLOAT h k 0.2; HGET h k; HINCRBYFLOAT h l -0; HINCRBY h l 1; HINCRBY h k 1
            HRANDFIELD none; HRANDFIELD none 1; HRANDFIELD none 0; HRANDFIELD none -1; HRANDFIELD none 1 WITHVALUES; HRANDFIELD none x; HRANDFIELD none 1 foo; HRANDFIELD none 1 WITHVALUES x; HSET h a 1; HRANDFIELD h; HRANDFIELD h 0; HRANDFIELD h 1; HRANDFIELD h 5; HRANDFIELD h -3; HRANDFIELD h 1 withvalues; HRANDFIELD h -2 WITHVALUES; HRANDFIELD h x; HRANDFIELD h 1 foo; HRANDFIELD h 1 WITHVALUES x; HRANDFIELD h 9223372036854775807; HRANDFIELD h -9223372036854775808; HRANDFIELD h 9223372036854775808; HRANDFIELD h 9223372036854775807 WITHVALUES; HRANDFIELD h -9223372036854775807 WITHVALUES; HRANDFIELD h 0 WITHVALUES; HRANDFIELD; HSET h b 2; HRANDFIELD h 2; HRANDFIELD h 3 WITHVALUES
            HSCAN none 0; HSCAN none x; HSCAN none 0 COUNT x; HSCAN none 0 foo; HSET h a 1 b 2 ab 3; HSCAN h 0; HSCAN h 0 MATCH a*; HSCAN h 0 COUNT 1; HSCAN h 0 COUNT 0; HSCAN h 0 COUNT -1; HSCAN h 0 COUNT x; HSCAN h 0 COUNT; HSCAN h 0 MATCH; HSCAN h 0 foo; HSCAN h x; HSCAN h ""; HSCAN h -1; HSCAN h 1x; HSCAN h 99999999999999999999; HSCAN h 0 match ? count 10; HSCAN h 0 MATCH a* MATCH b*; HSCAN h; HSCAN h 5; HSCAN h 0 MATCH [ab]; HSCAN h 0 MATCH \\\\a; HSCAN h 0 MATCH A*; HSCAN h 0 MATCH ""
            SADD s 1 2 3 2; SADD s 1; SADD s; SADD; SMEMBERS s; SCARD s; SCARD none; SMEMBERS none; SISMEMBER s 1; SISMEMBER s 4; SISMEMBER none 1; SISMEMBER s; SISMEMBER s x; SMISMEMBER s 1 4 x; SMISMEMBER none 1 2; SMISMEMBER s; SREM s 1 9; SREM s 1; SREM none 1; SREM s; SREM s 2 3; EXISTS s; SADD s -5 70000 -70000 5000000000 -5000000000 0 -0 007; SCARD s; SISMEMBER s 007; SISMEMBER s 7; SREM s 007 -0; SADD s2 -5 70000 -70000 5000000000 -5000000000 0 9223372036854775807 -9223372036854775808; SMEMBERS s2; SREM s2 70000; SMEMBERS s2; SISMEMBER s2 00; SISMEMBER s2 -70000; TYPE s2
            SPOP none; SPOP none 1; SPOP none 0; SPOP none x; SPOP none -1; SPOP none 1 2; SADD s a; SPOP s 0; SPOP s x; SPOP s -1; SPOP s 1 2; SPOP s 9223372036854775808; SPOP s; EXISTS s; SADD s a; SPOP s 1; EXISTS s; SADD s 1 2 3; SPOP s 5; EXISTS s; SPOP; SADD s 1; SPOP s; EXISTS s
            SRANDMEMBER none; SRANDMEMBER none 1; SRANDMEMBER none 0; SRANDMEMBER none -1; SRANDMEMBER none x; SRANDMEMBER none 1 2; SADD s 1; SRANDMEMBER s; SRANDMEMBER s 0; SRANDMEMBER s 1; SRANDMEMBER s 5; SRANDMEMBER s -3; SRANDMEMBER s x; SRANDMEMBER s 1 2; SRANDMEMBER s -9223372036854775808; SRANDMEMBER s 9223372036854775807; SRANDMEMBER s 9223372036854775808; SRANDMEMBER; SADD s 2 3; SRANDMEMBER s 3; SRANDMEMBER s 4
            SSCAN none 0; SSCAN none x; SSCAN none 0 foo; SADD s 1 2 3 11; SSCAN s 0; SSCAN s 0 MATCH 1*; SSCAN s 0 COUNT 0; SSCAN s 0 COUNT x; SSCAN s 0 foo; SSCAN s x; SSCAN s 0 NOVALUES; SSCAN s; SSCAN s 0 count 1 match ?; SADD t x; SSCAN t 0; SSCAN t 0 MATCH y
            """;

    CollectionDifferentialTest() {
        super(SEQUENCES, 2, 4, CollectionDifferentialTest::trial);
    }

    private static List<String[]> trial(Draw draw) {
        // Of few elements, small hashes and sets are made; of many, large ones.
        int elements = draw.of(6, 60, 400);
        return commands(draw, 1500, each -> CollectionChance.command(each, elements));
    }

    /** All in one pipeline. */
    @Override
    void compare(int shards, String protocol, List<String[]> commands, boolean single) {
        redis.compare(shards, protocol, commands, false, CollectionChance::inOrder);
    }
}
