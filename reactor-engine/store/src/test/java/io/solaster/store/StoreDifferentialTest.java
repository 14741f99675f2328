package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.store.command.CommandTable;
import io.solaster.store.shard.Command;
import io.solaster.testkit.gen.Draw;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every reply is redis-server's to the byte, over one shard and over two, in RESP2 and RESP3. What cannot be equal (INFO,
 * CLIENT LIST, numbers of clients, TIME, the texts of COMMAND DOCS and HELP) is tested elsewhere.
 */
class StoreDifferentialTest extends ComparedByChance {
    /** Sequences, one a line, commands between semicolons; "..." keeps blanks together, \x00 is a byte. */
    private static final String SEQUENCES = """
            PING; PING a; PING "a b"; PING a b; ECHO a; ECHO; ECHO a b; ECHO ""; PInG; ping ""
            GET a; GET; GET a b; SET a 1; GET a; get a; SET a; SET; SET a ""; GET a; SET "" x; GET ""; STRLEN ""
            SET a 1 EX 100; TTL a; SET a 2; TTL a; SET a 1 PX 100000; TTL a; SET a 2 KEEPTTL; TTL a; GET a
            SET a 1 NX; SET a 2 NX; GET a; SET b 1 XX; GET b; SET a 3 XX; GET a; SET a 4 NX XX; SET a 4 XX NX; GET a
            SET a 1 GET; SET a 2 GET; SET a 3 NX GET; GET a; SET b 3 XX GET; EXISTS b; SET b 4 NX GET; GET b; SET a 9 XX GET
            SET a 1 EX 0; SET a 1 EX -1; SET a 1 PX 0; SET a 1 EX abc; SET a 1 EX 1.5; SET a 1 EX ""; SET a 1 PX " 1"; GET a
            SET a 1 EX 9223372036854775807; SET a 1 PX 9223372036854775807; SET a 1 EX 9223372036854776; GET a
            SET a 1 EXAT 0; SET a 1 PXAT -5; SET a 1 EXAT 9223372036854775; SET a 1 EXAT 9223372036854776; EXPIRETIME a
            SET a 1 EXAT 33177117420; TTL b; EXPIRETIME a; PEXPIRETIME a; SET a 1 PXAT 33177117420123; PEXPIRETIME a; EXPIRETIME a; SET a 1 PXAT 33177117420723; EXPIRETIME a
            SET a 1 EX; SET a 1 EX 10 PX 10; SET a 1 EX 10 EX 100; TTL a; SET a 1 KEEPTTL EX 10; SET a 1 EX 10 KEEPTTL; SET a 1 foo; SET a 1 EX 10 foo; SET a 1 PERSIST; SET a 1 KEEPTTL KEEPTTL; SET a 1 GET GET; SET a 1 NX NX
            SET a 1 PXAT 1; GET a; EXISTS a; TTL a; SET a 2 XX; GET a; SET a 1 EXAT 1 GET; GET a; SET a 2 KEEPTTL; TTL a
            SET a 1 eX 100 gEt Nx; TTL a; SET a 5 px 100000 xx get; TTL a; SET a 1 exat 33177117420 KeepTTL
            SETNX a 1; SETNX a 2; GET a; SETNX a; SETEX a 100 x; TTL a; GET a; SETEX a 0 x; SETEX a -1 x; SETEX a x x; SETEX a 1; PSETEX a 100000 y; TTL a; PSETEX a 0 y; PSETEX a 9223372036854775807 y; SETEX a 9223372036854775 x; SETEX a 9223372036854776 x
            GETSET a 1; GETSET a 2; TTL a; SET a 3 EX 100; GETSET a 4; TTL a; GETSET a; GETDEL a; GETDEL a; EXISTS a; GETDEL
            GETEX a; SET a 1; GETEX a; GETEX a EX 100; TTL a; GETEX a PERSIST; TTL a; GETEX a PX 100000; TTL a; GETEX a EXAT 1; EXISTS a; SET a 1; GETEX a PXAT 33177117420123; PEXPIRETIME a; GETEX a EX 0; GETEX a EX x; GETEX a foo; GETEX a EX; GETEX a PERSIST EX 1; GETEX a KEEPTTL; GETEX a NX; GETEX a GET; GETEX b EX 0; GETEX b foo; GETEX a PERSIST PERSIST
            DEL a; SET a 1; SET b 2; DEL a b c; DEL; EXISTS a b; SET a 1; UNLINK a a; UNLINK; SET a 1; EXISTS a a a b; EXISTS; TOUCH a b a; TOUCH
            MSET a 1 b 2 c 3 d 4 e 5 f 6; MGET a b c d e f g; MGET a a a; MGET; MSET a; MSET a 1 b; MSET a 1 b 2 c; MSET a 1 a 2 a 3; GET a; MGET g h i j k; DEL a b c d e f; DBSIZE
            MSET {x}1 1 {x}2 2 {x}3 3; MGET {x}1 {x}2 {x}3; DEL {x}1 {x}2; EXISTS {x}1 {x}2 {x}3; MSET {x}1 1 {x}2
            MSET k1 1 k2 2 k3 3 k4 4 k5 5 k6 6 k7 7 k8 8; DBSIZE; FLUSHDB; DBSIZE; FLUSHALL; FLUSHALL ASYNC; FLUSHALL SYNC; FLUSHALL sync; FLUSHDB async; FLUSHALL foo; FLUSHDB SYNC ASYNC; FLUSHDB foo; DBSIZE a
            INCR a; INCR a; GET a; INCRBY a 10; DECR a; DECRBY a 5; GET a; INCR; INCR a b; INCRBY a; INCRBY a x; INCRBY a 1.0; INCRBY a " 1"; INCRBY a +1; INCRBY a 01; INCRBY a -0; INCRBY a ""; DECRBY a x
            SET a 9223372036854775807; INCR a; DECR a; INCRBY a 2; INCRBY a -9223372036854775808; DECR a; GET a; DECR a; SET a -9223372036854775808; DECR a; DECRBY a 1; INCR a; DECRBY a -9223372036854775808; INCRBY b -9223372036854775808; GET b; INCRBY b -1; INCRBY b 9223372036854775808; INCRBY b -9223372036854775809
            SET a 1x; INCR a; SET a " 1"; INCR a; SET a "1 "; INCR a; SET a 01; INCR a; SET a -0; INCR a; SET a +1; INCR a; SET a ""; INCR a; SET a 0; INCR a; SET a -1; INCR a; SET a -; INCR a; SET a 99999999999999999999; INCR a; SET a 1e3; INCR a; SET a "1\\x00"; INCR a
            SET a 9; INCR a; INCR a; DECR a; DECR a; GET a; SET a -9; DECR a; INCR a; GET a; SET a 99; INCR a; DECR a; GET a; STRLEN a; SET a 10; SET a 5 EX 100; INCR a; TTL a; APPEND a 1; INCR a; GET a
            APPEND a x; APPEND a yz; GET a; APPEND a ""; STRLEN a; APPEND b ""; EXISTS b; GET b; APPEND a; SET a 1 EX 100; APPEND a 2; TTL a; GET a; STRLEN c; STRLEN; STRLEN a b
            SETRANGE a 0 ""; EXISTS a; SETRANGE a 5 x; GET a; SETRANGE a 0 ab; GET a; SETRANGE a 1 ""; SETRANGE a -1 x; SETRANGE a x y; SETRANGE a 536870912 x; SETRANGE a 536870911 ""; SETRANGE b 9223372036854775807 x; STRLEN a; SETRANGE a 4 yyyy; GET a
            SET a hello; GETRANGE a 0 -1; GETRANGE a 1 3; GETRANGE a -3 -1; GETRANGE a -1 -3; GETRANGE a 3 1; GETRANGE a 0 100; GETRANGE a -100 2; GETRANGE a 5 10; GETRANGE a x 1; GETRANGE a 1 x; GETRANGE b 0 -1; GETRANGE a -100 -50; GETRANGE a 9223372036854775807 -9223372036854775808; GETRANGE a -9223372036854775808 9223372036854775807; SUBSTR a 1 2; SET a ""; GETRANGE a 0 -1; SUBSTR a; GETRANGE a 0
            EXPIRE a 100; SET a 1; TTL a; PTTL a; EXPIRE a 100; TTL a; PERSIST a; TTL a; PERSIST a; PERSIST b; EXPIRE a -1; EXISTS a; SET a 1; EXPIRE a 0; EXISTS a; TTL a; PTTL a; EXPIRETIME a; PEXPIRETIME a; SET a 1; EXPIRETIME a; PEXPIRETIME a
            SET a 1; EXPIRE a x; EXPIRE a 1.5; EXPIRE a; EXPIRE; EXPIRE a 100 foo; EXPIRE a x foo; EXPIRE a 100 NX XX; EXPIRE a 100 NX GT; EXPIRE a 100 LT NX; EXPIRE a 100 GT LT; EXPIRE a 100 XX GT LT; EXPIRE b 100 NX; EXPIRE a 9223372036854775807; EXPIRE a -9223372036854775808; EXPIRE a 9223372036854775; PEXPIRE a 9223372036854775807; PEXPIRE a -9223372036854775808; EXISTS a
            SET a 1; EXPIRE a 100 XX; EXPIRE a 100 GT; EXPIRE a 200 NX; EXPIRE a 300 NX; TTL a; EXPIRE a 100 GT; TTL a; EXPIRE a 300 GT; TTL a; EXPIRE a 400 LT; TTL a; EXPIRE a 100 LT; TTL a; EXPIRE a 500 XX GT; TTL a; EXPIRE a 50 XX LT; TTL a; PERSIST a; EXPIRE a 70 LT; TTL a; EXPIRE a -1 GT; EXPIRE a -1 LT; EXISTS a
            SET a 1; EXPIREAT a 33177117420; EXPIRETIME a; PEXPIREAT a 33177117420123; PEXPIRETIME a; PEXPIREAT a 33177117420122 GT; PEXPIREAT a 33177117420123 GT; PEXPIREAT a 33177117420124 GT; PEXPIREAT a 33177117420124 LT; PEXPIRETIME a; EXPIREAT a 9223372036854775807; PEXPIREAT a x; EXPIREAT a 1; EXISTS a; EXPIREAT a 1
            TYPE a; SET a 1; TYPE a; TYPE; TYPE a b; type A
            SELECT 0; SELECT 1x; SELECT; SELECT ""; SELECT 3000000000; SELECT -3000000000; SELECT 99999999999999999999
            foo; foo a b c; "foo bar" a; FOO "a\\r\\nb"; "\\r\\n" x; foo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y z; ""; "" a; xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y; foo aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccc ddddddddddddddddddddd eeeeeeeeeeeeeeeeeeeeee ffffffffffffffff gggggggg; "fo\\x00" a; "fo\\x00o" "a\\x00b"; getx a; ge a; expiretimes a; pexpirea a; GETDE a
            client; client foo; CLIENT FOO bar; "client" "fo\\x00o"; client id x; client getname x; client list type; client list foo; client list type foo; client list id; client list id x; client list id 999999; client list type master; client list type pubsub; client kill; client kill foo; client kill id; client kill id x; client kill id 0; client kill id 99999; client kill type foo; client kill type master; client kill user foo; client kill addr 1.2.3.4:5; client kill laddr 1.2.3.4:5 id 7777777; client kill skipme; client kill skipme foo; client kill skipme yes id 99999; client kill foo bar; client kill id 999999 foo; client no-evict; client no-evict on; client no-evict off; client no-evict x
            client getname; client setname abc; client getname; client setname "a b"; client setname "a\\n"; client getname; client setname ""; client getname; client setname; client setname a b; client setname xyz; RESET; client getname; RESET x
            HELLO x; HELLO 4; HELLO 1; HELLO 3 foo; HELLO 3 AUTH; HELLO 3 AUTH a; HELLO 2 AUTH foo bar; HELLO 3 SETNAME; HELLO 3 SETNAME "a b"; HELLO 99999999999999999999; HELLO "" ; client getname; GET nokey
            AUTH; AUTH a; AUTH default a; AUTH foo a; AUTH a b c; AUTH Default x
            CONFIG; CONFIG foo; CONFIG GET; CONFIG GET nope; CONFIG GET timeout; CONFIG GET TimeOut; CONFIG GET timeout TIMEOUT timeout; CONFIG GET tim*ut; CONFIG GET appendonl?; CONFIG GET [d]atabase*x; CONFIG GET save; CONFIG GET appendonly; CONFIG GET maxmemory; CONFIG GET maxclients; CONFIG GET proto-max-bulk-len; CONFIG GET protected-mode; CONFIG GET requirepass; CONFIG GET maxmemory-policy; CONFIG GET cluster-enabled
            CONFIG SET; CONFIG SET a; CONFIG SET timeout; CONFIG SET foo 1; CONFIG SET foo; CONFIG SET timeout 1 foo; CONFIG SET timeout x; CONFIG SET timeout -1; CONFIG SET timeout 99999999999; CONFIG SET timeout 1 timeout 1; CONFIG SET timeout 100 TIMEOUT 100; CONFIG SET databases 3; CONFIG SET TimeOut x; CONFIG SET proto-max-bulk-len 1; CONFIG SET proto-max-bulk-len 2xx; CONFIG SET proto-max-bulk-len ""; CONFIG SET protected-mode x; CONFIG SET maxclients x; CONFIG SET cluster-enabled yes; CONFIG SET "fo\\x00o" 1; CONFIG SET timeout 3 foo 1; CONFIG GET timeout; CONFIG SET client-output-buffer-limit "normal 1 2"; CONFIG SET client-output-buffer-limit "foo 1 2 3"; CONFIG SET client-output-buffer-limit "normal a 2 3"; CONFIG SET maxclients 0 timeout 3; CONFIG GET timeout; CONFIG RESETSTAT; CONFIG RESETSTAT x; CONFIG HELP x; CONFIG REWRITE; CONFIG SET save ""; CONFIG SET appendonly no maxmemory 0
            CONFIG SET timeout 777 protected-mode no; CONFIG GET timeout; CONFIG GET protected-mode; CONFIG SET timeout 0 protected-mode YES; CONFIG GET timeout; CONFIG SET proto-max-bulk-len 2mb; CONFIG GET proto-max-bulk-len; CONFIG SET proto-max-bulk-len 3m; CONFIG GET proto-max-bulk-len; SETRANGE a 3000000 x; SETRANGE a 2999999 x; APPEND a x; STRLEN a; CONFIG SET proto-max-bulk-len 512mb
            CONFIG GET maxmemory-samples; CONFIG GET lfu-log-factor; CONFIG GET lfu-decay-time; CONFIG SET maxmemory x; CONFIG SET maxmemory -1; CONFIG SET maxmemory-policy x; CONFIG SET maxmemory-policy ""; CONFIG SET maxmemory-samples 0; CONFIG SET maxmemory-samples x; CONFIG SET lfu-decay-time -1; CONFIG SET lfu-log-factor -1; CONFIG SET maxmemory 100mb; CONFIG GET maxmemory; CONFIG SET maxmemory 0 maxmemory-policy AllKeys-Lru; CONFIG GET maxmemory-policy; CONFIG SET maxmemory-policy noeviction
            OBJECT FREQ a; OBJECT IDLETIME a; SET a 1; OBJECT FREQ a; OBJECT FREQ; OBJECT IDLETIME; OBJECT FREQ a b; OBJECT IDLETIME a b; CONFIG SET maxmemory-policy volatile-lfu; OBJECT IDLETIME a; SET b 1; OBJECT IDLETIME b; CONFIG SET maxmemory-policy noeviction; OBJECT FREQ b
            COMMAND foo; COMMAND COUNT x; COMMAND GETKEYS; COMMAND GETKEYS foo; COMMAND GETKEYS foo a; COMMAND GETKEYS PING a; COMMAND GETKEYS GET a; COMMAND GETKEYS GET a b; COMMAND GETKEYS MSET a 1 b 2; COMMAND GETKEYS MSET a; COMMAND GETKEYS DEL a b c; COMMAND GETKEYSANDFLAGS MSET a 1 b 2; COMMAND GETKEYSANDFLAGS GET a; COMMAND GETKEYS CONFIG GET a; COMMAND LIST foo; COMMAND LIST FILTERBY; COMMAND LIST FILTERBY foo bar; COMMAND LIST FILTERBY PATTERN; COMMAND LIST FILTERBY MODULE foo; COMMAND LIST FILTERBY ACLCAT foo; COMMAND LIST FILTERBY PATTERN incrb; COMMAND LIST FILTERBY PATTERN PEXPIRET?ME; COMMAND DOCS nope; COMMAND INFO nope; COMMAND INFO nope nope; COMMAND HELP x; COMMAND LIST FILTERBY PATTERN config|get
            MSETNX a 1 b 2 c 3; MGET a b c; MSETNX c 9 d 4; MGET a b c d; MSETNX d 4 e 5 f 6; MGET d e f; MSETNX g 1 g 2; GET g; MSETNX; MSETNX a; MSETNX h 1 i; EXISTS h; MSETNX {x}1 1 {x}2 2; MSETNX {x}2 3 {x}3 4; MGET {x}1 {x}2 {x}3; COMMAND GETKEYS MSETNX a 1 b 2; COMMAND GETKEYSANDFLAGS MSETNX a 1 b 2
            SET a 1 EX 1000; RENAME a b; GET a; GET b; TTL b; RENAME a b; RENAME b b; GET b; RENAME nokey nokey; SET c 3; RENAME c b; GET b; TTL b; GET c; RENAME; RENAME a; RENAME a b c; SET d 4; RENAME d e; RENAME e f; RENAME f g; RENAME g h; GET h; COMMAND GETKEYS RENAME a b; COMMAND GETKEYSANDFLAGS RENAME a b
            SET a 1; SET b 2; RENAMENX a b; GET a; GET b; RENAMENX a c; GET c; EXISTS a; RENAMENX a d; RENAMENX b b; RENAMENX a a; RENAMENX c d; RENAMENX d e; RENAMENX e f; GET f; RENAMENX f {f}x; RENAMENX {f}x b; RENAMENX a
            SET a 1 EX 1000; COPY a b; GET b; TTL b; SET a 2; COPY a b; GET b; COPY a b REPLACE; GET b; TTL b; COPY a a; COPY nokey nokey; COPY nokey b; COPY a c REPLACE; COPY a d; COPY a e; COPY a f DB 0; GET f; COPY a g DB x; COPY a h DB; COPY a i foo; COPY a j REPLACE REPLACE; COPY a k replace db 0; GET k; COPY a; COPY a {a}1; GET {a}1; COPY a {a}1; COMMAND GETKEYS COPY a b; COMMAND GETKEYSANDFLAGS COPY a b
            ACL; ACL foo; ACL WHOAMI; ACL WHOAMI x; ACL USERS; ACL LIST; ACL GETUSER default; ACL GETUSER nope; ACL CAT nope; ACL CAT; ACL CAT a b; ACL GENPASS x; ACL GENPASS 0; ACL GENPASS 5000; ACL GENPASS 1 2; ACL LOG x; ACL LOG RESET; ACL LOG; ACL LOG 1 2; ACL DELUSER; ACL DELUSER default; ACL DELUSER nope; ACL DRYRUN; ACL DRYRUN nope get a; ACL SETUSER; ACL SETUSER "a b"; ACL SETUSER "a\\x00"; ACL HELP x
            ACL SETUSER u on +get ~a; ACL LIST; ACL GETUSER u; ACL SETUSER u skip-sanitize-payload; ACL LIST; ACL SETUSER u sanitize-payload nopass; ACL GETUSER u; ACL SETUSER u reset; ACL LIST; ACL SETUSER u %R; ACL SETUSER u %~x; ACL SETUSER u %RR~x; ACL SETUSER u %X~x; ACL SETUSER u ~; ACL SETUSER u (; ACL SETUSER u (+get)x; ACL SETUSER u +; ACL SETUSER u -; ACL SETUSER u +@; ACL SETUSER u +@nope; ACL SETUSER u -nope; ACL SETUSER u > ""; ACL SETUSER u #x; ACL SETUSER u !x; ACL SETUSER u <x; ACL SETUSER u x; ACL SETUSER u +config|get|x; ACL SETUSER u +client|nope; ACL SETUSER u -get|x; ACL SETUSER u +get|; ACL LIST; ACL DELUSER u; ACL LIST
            ACL SETUSER u %R~r* %w~w* ~b* &c1 &c2; ACL GETUSER u; ACL SETUSER u ~x ~x %R~r* %W~r*; ACL GETUSER u; ACL SETUSER u allkeys; ACL SETUSER u ~y; ACL SETUSER u resetkeys ~y; ACL SETUSER u allchannels; ACL SETUSER u &z; ACL SETUSER u resetchannels &z &z; ACL LIST; ACL SETUSER u >p1 >p2 >p1; ACL GETUSER u; ACL SETUSER u <p1; ACL GETUSER u; ACL SETUSER u !f7ffdbcb6df0f9dd33a84c72c2b69bd3d2ce5c3dca8d0a8f2e1a1fe1ab0a1ea6; ACL SETUSER u nopass; ACL LIST; ACL SETUSER u resetpass; ACL LIST; ACL SETUSER u +select|0 +SELECT|1; ACL GETUSER u; ACL SETUSER u +select; ACL GETUSER u; ACL SETUSER u "(+get ~x)" (+set %W~y); ACL LIST; ACL GETUSER u; ACL SETUSER u clearselectors; ACL LIST; ACL DELUSER u u
            ACL SETUSER u on nopass +@all -config|set -debug ~a* %R~r* %W~w*; ACL DRYRUN u get a1; ACL DRYRUN u get b1; ACL DRYRUN u set a; ACL DRYRUN u set r1 1; ACL DRYRUN u get r1; ACL DRYRUN u set w1 1; ACL DRYRUN u set w1 1 get; ACL DRYRUN u get w1; ACL DRYRUN u mset a1 1 b1 2; ACL DRYRUN u copy r1 w1; ACL DRYRUN u copy w1 r1; ACL DRYRUN u rename a1 w1; ACL DRYRUN u config set timeout 0; ACL DRYRUN u config get timeout; ACL DRYRUN u config foo; ACL DRYRUN u exists z; ACL DRYRUN u exists r1 w1; ACL DRYRUN u strlen w1; ACL DRYRUN u bitfield r1 get u8 0; ACL DRYRUN u bitfield r1 set u8 0 1; ACL DRYRUN u zunionstore w1 1 r1; ACL DRYRUN u zunionstore r1 1 w1; ACL DRYRUN u zunion 2 r1 b1; ACL DRYRUN u lmpop 2 a1 r1 left; ACL DRYRUN u foo; ACL DELUSER u
            ACL SETUSER u on >pw +@all -ping ~a*; AUTH u no; AUTH u pw; ACL WHOAMI; PING; GET a; GET b; MSET a 1 b 2; CONFIG SET; AUTH default x; ACL WHOAMI; RESET; ACL DELUSER u; ACL LOG RESET
            SLOWLOG; SLOWLOG foo; SLOWLOG GET -2; SLOWLOG GET x; SLOWLOG GET 1 2; SLOWLOG LEN x; SLOWLOG RESET; SLOWLOG GET 0; LATENCY; LATENCY foo; LATENCY LATEST; LATENCY HISTORY x; LATENCY HISTORY; LATENCY RESET; LATENCY GRAPH x; LATENCY HISTOGRAM nope; CLIENT PAUSE; CLIENT PAUSE x; CLIENT PAUSE -1; CLIENT PAUSE 1 x; CLIENT PAUSE 1 WRITE x; CLIENT PAUSE 1.5; CLIENT UNPAUSE x; CLIENT UNPAUSE; CLIENT REPLY; CLIENT REPLY x; CLIENT REPLY ON; CLIENT REPLY ON x; CONFIG GET slowlog-max-len; CONFIG GET slowlog-log-slower-than; CONFIG SET slowlog-max-len -1; CONFIG SET slowlog-log-slower-than -2; CONFIG SET slowlog-log-slower-than x; CONFIG SET latency-monitor-threshold -1; CONFIG GET latency-monitor-threshold; MEMORY; MEMORY foo; MEMORY DOCTOR x; MEMORY PURGE; MONITOR x
            INFO nope; INFO modules; DBSIZE; TIME x; QUIT
            """;

    StoreDifferentialTest() {
        super(SEQUENCES, 1, 6, StoreDifferentialTest::trial);
    }

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    void detailsOfEveryCommandAreRedis(int shards, String protocol) {
        List<String> added = List.of("client|setinfo", "cluster|myshardid", "hexpire", "hpexpire", "hexpireat",
                "hpexpireat", "httl", "hpttl", "hexpiretime", "hpexpiretime", "hpersist", "zrank", "zrevrank",
                "xackdel",
                "xdelex");
        List<String[]> commands = new ArrayList<>();
        for (Command command : CommandTable.all()) {
            if (command.subcommands().isEmpty() && !added.contains(command.name())) {
                commands.add(new String[]{"COMMAND", "INFO", command.name()});
            }
        }
        redis.compare(shards, protocol, commands, true);
    }

    private static List<String[]> trial(Draw draw) {
        return commands(draw, 1500, StoreDifferentialTest::chance);
    }

    /** Bytes up to QUIT or a protocol error, a bar for each CR LF. */
    private static final List<String> STREAMS = List.of("PING|QUIT|", "|||PING|QUIT|", "*0|*-1|*-5|PING|QUIT|",
            "ping\n  echo   x \nQUIT|", "SET a \"b \\x41 c\"|GET a|SET 'it' 'x\\'y'|GET it|QUIT|",
            "*1|$4|PING|*1|$4|quit|",
            "*2|$4|ECHO|$0||QUIT|", "*3|$3|SET|$1|a|$3|\r\n\0|GET a|QUIT|", "*1|$4|PINGxx*1|$4|QUIT|", "QUIT|PING|",
            "QUIT x y|", "*|", "*x|", "*1x|", "*01|", "*+1|", "*2147483648|", "*99999999999|", "*1|!4|", "*1|*|",
            "*1|$|", "*1|$x|", "*1|$-1|", "*1|$-2|", "*1|$01|", "*1|$536870913|", "*1|$99999999999999999999|",
            "*2|$4|ECHO|:1|", "SET a \"b|", "SET a 'b|", "SET a \"b\"c|", "PING \"a\"b|",
            "\u00ff\u00fe|QUIT|", "GET|GET a b|*1|$3|GET|nope|QUIT|", "*" + "9".repeat(65_536), "x".repeat(65_537));

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void streamsEndAsRedisEndsThem(int shards) {
        assertThat(STREAMS).allSatisfy(stream -> {
            byte[] bytes = RespClient.latin1(stream.replace("|", "\r\n"));
            try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connect()) {
                assertThat(ours.send(bytes).rest()).as(stream).isEqualTo(theirs.send(bytes).rest());
            }
        });
    }

    private static final List<String> KEYS = List.of("a", "b", "c", "d", "{a}x", "{b}y", "key:1", "key:2", "");
    private static final List<String> VALUES = List.of("", "0", "1", "-1", "10", "99", "abc", "9223372036854775807",
            "-9223372036854775808", "007", "3.14", "\0\r\n\u00ff", "x".repeat(70), "y".repeat(1000));
    private static final List<String> NUMBERS = List.of("0", "1", "-1", "2", "5", "-3", "100", "9223372036854775807",
            "-9223372036854775808", "abc", "");
    /** None that runs out during the test, and none near half a second. */
    private static final List<String> SECONDS = List.of("1000", "2000", "3000", "-1", "0", "x");
    private static final List<String> TIMES = List.of("33177117420", "33177117421", "1", "x", "0");

    private static String[] chance(Draw draw) {
        return switch (draw.nextInt(26)) {
            case 0, 1, 2 -> words("SET", key(draw), value(draw));
            case 3, 4 -> setWithOptions(draw);
            case 5, 6 -> words("GET", key(draw));
            case 7 -> many("MGET", draw, false);
            case 8 -> many("MSET", draw, true);
            case 9 -> many(pick(draw, List.of("DEL", "UNLINK", "EXISTS", "TOUCH")), draw, false);
            case 10 -> words(pick(draw, List.of("INCR", "DECR")), key(draw));
            case 11 -> words(pick(draw, List.of("INCRBY", "DECRBY")), key(draw), pick(draw, NUMBERS));
            case 12 -> words("APPEND", key(draw), value(draw));
            case 13 -> words("STRLEN", key(draw));
            case 14 -> words("EXPIRE", key(draw), pick(draw, SECONDS));
            case 15 -> words("EXPIRE", key(draw), pick(draw, SECONDS),
                    pick(draw, List.of("NX", "XX", "foo")));
            case 16 -> words("EXPIREAT", key(draw), pick(draw, TIMES),
                    pick(draw, List.of("NX", "XX", "GT", "LT")));
            case 17 -> words("TTL", key(draw));
            case 18 -> words("PTTL", key(draw));
            case 19 -> words("PERSIST", key(draw));
            case 20 -> words("TYPE", key(draw));
            case 21 -> words(pick(draw, List.of("GETDEL", "GETEX")), key(draw));
            case 22 -> words("GETSET", key(draw), value(draw));
            case 23 -> words("GETRANGE", key(draw), pick(draw, NUMBERS), pick(draw, NUMBERS));
            case 24 -> words("SETRANGE", key(draw), pick(draw, List.of("0", "1", "5", "100", "-1")),
                    value(draw));
            default -> words(pick(draw, List.of("PING", "nope", "DBSIZE", "GET", "SETNX")), key(draw));
        };
    }

    private static String[] setWithOptions(Draw draw) {
        List<String> words = new ArrayList<>(List.of("SET", key(draw), value(draw)));
        int options = draw.nextInt(4);
        for (int i = 0; i < options; i++) {
            switch (draw.nextInt(8)) {
                case 0 -> words.add("NX");
                case 1 -> words.add("XX");
                case 2 -> words.add("GET");
                case 3 -> words.add("KEEPTTL");
                case 4 -> words.addAll(List.of("EX", pick(draw, SECONDS)));
                case 5 -> words.addAll(List.of("EXAT", pick(draw, TIMES)));
                case 6 -> words.addAll(List.of("PX", pick(draw, List.of("1000000", "2000000", "0"))));
                default -> words.addAll(List.of("PXAT", "33177117420000"));
            }
        }
        return words.toArray(String[]::new);
    }

    private static String[] many(String name, Draw draw, boolean values) {
        List<String> words = new ArrayList<>(List.of(name));
        int keys = 1 + draw.nextInt(5);
        for (int i = 0; i < keys; i++) {
            words.add(key(draw));
            if (values && (i < keys - 1 || draw.nextInt(20) != 0)) {
                words.add(value(draw));
            }
        }
        return words.toArray(String[]::new);
    }

    private static String key(Draw draw) {
        return pick(draw, KEYS);
    }

    private static String value(Draw draw) {
        return pick(draw, VALUES);
    }

    private static String pick(Draw draw, List<String> from) {
        return draw.of(from);
    }

    private static String[] words(String... words) {
        return words;
    }
}
