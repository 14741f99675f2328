package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on keys answer as redis-server does; where an answer has no order, it has the same elements. */
class KeyDifferentialTest extends ComparedWithRedis {
    private static final String SEQUENCES = """
            KEYS; KEYS a b; KEYS *; SET a 1; KEYS *; KEYS a; KEYS b; KEYS ""; SET "" 1; DEL a; KEYS ""; KEYS *; KEYS **; KEYS ?; KEYS ?*; KEYS [^a]; DEL ""; RANDOMKEY; SET a 1; RANDOMKEY; RANDOMKEY x; SET a 1 PXAT 1; RANDOMKEY; KEYS *
            SCAN; SCAN x; SCAN 1x; SCAN " 1"; SCAN -; SCAN 18446744073709551616; SCAN 0 COUNT; SCAN 0 COUNT x; SCAN 0 COUNT 0; SCAN 0 COUNT -1; SCAN 0 MATCH; SCAN 0 foo 1; SCAN 0 TYPE; SCAN 0 COUNT 10 foo; SCAN 0; SCAN ""; SCAN +0; SCAN -0; SCAN 0 TYPE string; SCAN 0 TYPE foo COUNT 5 MATCH x; SCAN 0 MATCH a MATCH b count 1 COUNT 100
            SET a 1; SCAN 0 COUNT 1000; SCAN 0 TYPE string COUNT 1000; SCAN 0 type STRING count 1000; SCAN 0 TYPE list COUNT 1000; SCAN 0 TYPE nope COUNT 1000; SCAN 0 MATCH a COUNT 1000; SCAN 0 MATCH b COUNT 1000; SCAN 0 MATCH * COUNT 1000; PEXPIREAT a 1; SCAN 0
            OBJECT; OBJECT foo; OBJECT ENCODING; OBJECT ENCODING a; OBJECT ENCODING a b; SET a 1; OBJECT ENCODING a; SET a -9223372036854775808; OBJECT ENCODING a; SET a 9223372036854775808; OBJECT ENCODING a; SET a 01; OBJECT ENCODING a; SET a x; OBJECT ENCODING a; SET a 12345678901234567890123456789012345678901234; OBJECT ENCODING a; SET a 123456789012345678901234567890123456789012345; OBJECT ENCODING a; object encoding a; OBJECT REFCOUNT b; SET a x; OBJECT REFCOUNT a; OBJECT HELP x
            OBJECT IDLETIME a; OBJECT FREQ a; OBJECT IDLETIME; OBJECT FREQ a b; SET a 1; OBJECT FREQ a; MEMORY; MEMORY foo; MEMORY USAGE; MEMORY USAGE b; MEMORY USAGE b SAMPLES; MEMORY USAGE b SAMPLES x; MEMORY USAGE b SAMPLES -1; MEMORY USAGE b SAMPLES 5; MEMORY USAGE b foo 1; MEMORY USAGE a SAMPLES 1 foo; COMMAND GETKEYS MEMORY USAGE a; COMMAND GETKEYS OBJECT ENCODING a
            DUMP a; DUMP; SET a ""; DUMP a; SET a x; DUMP a; SET a 0; DUMP a; SET a -1; DUMP a; SET a 127; DUMP a; SET a 128; DUMP a; SET a -128; DUMP a; SET a -129; DUMP a; SET a 32767; DUMP a; SET a 32768; DUMP a; SET a -32769; DUMP a; SET a 2147483647; DUMP a; SET a 2147483648; DUMP a; SET a -2147483648; DUMP a; SET a -2147483649; DUMP a; SET a 9223372036854775807; DUMP a; SET a 007; DUMP a; SET a "a b c d e f g h i j"; DUMP a; APPEND a "qwertyuiopasdfghjklzxcvbnm1234567890QWERTYUIOPASDFGHJKLZXCVBNM"; DUMP a
            RESTORE a 0 x; RESTORE a x x; RESTORE a -1 x; RESTORE a 0 ""; RESTORE a 0 0123456789; RESTORE a 0 "\\x00\\x03foo\\x0a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"; RESTORE a 0 x foo; RESTORE a 0 x IDLETIME; RESTORE a 0 x IDLETIME x; RESTORE a 0 x IDLETIME -1; RESTORE a 0 x FREQ 256; RESTORE a 0 x FREQ -1; RESTORE a 0 x FREQ x; RESTORE a 0 x FREQ 1 IDLETIME 1; RESTORE a 0 x IDLETIME 1 FREQ 1; RESTORE a 0 x REPLACE ABSTTL IDLETIME 5; SET a 1; RESTORE a x x; RESTORE a 0 x REPLACE; RESTORE a x x REPLACE; RESTORE a 0; RESTORE a; GET a
            """;

    KeyDifferentialTest() {
        super(SEQUENCES);
    }

    private static final List<String> LETTERS = List.of("a", "b", "A", "*", "?", "[", "]", "^", "-", "\\", "\u0080",
            "\u00ff");

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void patternsFindTheKeysThatRedisFinds(int shards) {
        Property.check(1, 8, draw -> {
            List<String[]> commands = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                commands.add(new String[]{"SET", word(draw), "1"});
            }
            for (int i = 0; i < 100; i++) {
                commands.add(new String[]{"KEYS", word(draw)});
            }
            try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connectEmpty()) {
                theirs.call("FLUSHALL");
                for (String[] command : commands) {
                    assertThat(elements(ours.call(command))).as(Arrays.toString(command))
                            .isEqualTo(elements(theirs.call(command)));
                }
            }
        });
    }

    private static String word(Draw draw) {
        StringBuilder word = new StringBuilder();
        for (int letters = draw.nextInt(7); letters > 0; letters--) {
            word.append(draw.of(LETTERS));
        }
        return word.toString();
    }

    private static TreeSet<String> elements(String reply) {
        return new TreeSet<>(Arrays.asList(reply.split("\\|\\$", -1)));
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void eachRestoresWhatTheOtherDumps(int shards) {
        Property.check(1, 4, draw -> {
            try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connectEmpty()) {
                theirs.call("FLUSHALL");
                for (int i = 0; i < 40; i++) {
                    StringBuilder value = new StringBuilder();
                    int pieces = draw.nextInt(12);
                    for (int piece = 0; piece < pieces; piece++) {
                        String word = draw.of(List.of("a", "ab", "xyz", "1", "0", "\0", "\u00ff\u00fe"));
                        value.append(word.repeat(1 + draw.nextInt(draw.of(List.of(2, 50, 5000)))));
                    }
                    theirs.call("SET", "a", value.toString());
                    ours.call("SET", "a", value.toString());
                    String shown = ours.call("GET", "a");
                    assertThat(ours.call("RESTORE", "b", "0", payload(theirs), "REPLACE")).isEqualTo("+OK");
                    assertThat(ours.call("GET", "b")).isEqualTo(shown);
                    assertThat(theirs.call("RESTORE", "b", "0", payload(ours), "REPLACE")).isEqualTo("+OK");
                    assertThat(theirs.call("GET", "b")).isEqualTo(shown);
                }
            }
        });
    }

    private static String payload(RespClient client) {
        String reply = new String(client.send("DUMP", "a").replyBytes(), StandardCharsets.ISO_8859_1);
        return reply.substring(reply.indexOf('\n') + 1, reply.length() - 2);
    }
}
