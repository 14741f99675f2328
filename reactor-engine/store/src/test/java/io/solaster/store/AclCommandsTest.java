package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;

import io.solaster.config.InvalidConfigException;
import io.solaster.store.acl.Acl;
import io.solaster.store.acl.User;
import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Users, and what they may do, over two shards. */
class AclCommandsTest extends OwnStoreTest {
    private static final String WRONG = "-WRONGPASS invalid username-password pair or user is disabled.";
    private static final String NO_KEY = "-NOPERM this user has no permissions to access one of the keys used as arguments";
    private RespClient admin;

    @BeforeEach
    void connect() {
        admin = fixture.connectEmpty();
    }

    @AfterEach
    void removeUsers() {
        try (RespClient client = fixture.connect()) {
            client.call("ACL", "DELUSER", "alice", "bob");
            client.call("ACL", "LOG", "RESET");
        }
        admin.close();
    }

    private static RespClient as(String user, String password) {
        RespClient client = fixture.connect();
        assertThat(client.call("AUTH", user, password)).isEqualTo("+OK");
        return client;
    }

    private void user(String name, String... rules) {
        String[] words = new String[rules.length + 3];
        words[0] = "ACL";
        words[1] = "SETUSER";
        words[2] = name;
        System.arraycopy(rules, 0, words, 3, rules.length);
        assertThat(admin.call(words)).isEqualTo("+OK");
    }

    @Test
    void aUserLogsInWithEachPasswordAndNoOther() {
        user("alice", "on", ">one", ">two", "+@all", "~*");
        try (RespClient client = fixture.connect()) {
            assertThat(client.call("AUTH", "alice", "three")).isEqualTo(WRONG);
            assertThat(client.call("ACL", "WHOAMI")).isEqualTo("$7|default");
            assertThat(client.call("AUTH", "alice", "one")).isEqualTo("+OK");
            assertThat(client.call("ACL", "WHOAMI")).isEqualTo("$5|alice");
            assertThat(client.call("AUTH", "alice", "two")).isEqualTo("+OK");
            assertThat(client.call("RESET")).isEqualTo("+RESET");
            assertThat(client.call("ACL", "WHOAMI")).isEqualTo("$7|default");
            assertThat(client.call("HELLO", "2", "AUTH", "alice", "two", "SETNAME", "x")).contains("server");
            assertThat(client.call("CLIENT", "LIST")).contains("name=x").contains("user=alice");
        }
        user("alice", "<one", "off");
        try (RespClient client = fixture.connect()) {
            assertThat(client.call("AUTH", "alice", "two")).isEqualTo(WRONG);
        }
        assertThat(admin.call("ACL", "SETUSER", "alice", "<one")).contains("does not exist");
    }

    @Test
    void commandsAndSubcommandsAreRefusedByName() {
        user("alice", "on", "nopass", "~*", "+@all", "-@dangerous", "-get", "+config|get");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("GET", "a"))
                    .isEqualTo("-NOPERM this user has no permissions to run the 'get' command");
            assertThat(client.call("FLUSHALL"))
                    .isEqualTo("-NOPERM this user has no permissions to run the 'flushall' command");
            assertThat(client.call("CONFIG", "SET", "timeout", "0"))
                    .isEqualTo("-NOPERM this user has no permissions to run the 'config|set' command");
            assertThat(client.call("CONFIG", "GET", "hz")).contains("10");
            assertThat(client.call("SET", "a", "1")).isEqualTo("+OK");
            assertThat(client.call("PING")).isEqualTo("+PONG");
        }
    }

    /** Some of the keys are on one shard and some on the other. */
    @ParameterizedTest
    @CsvSource({"x:1", "x:2", "x:3", "x:4"})
    void keysAreRefusedThatNoPatternHas(String other) {
        user("alice", "on", "nopass", "+@all", "~a:*", "%R~r:*", "%W~w:*");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("SET", "a:1", "1")).isEqualTo("+OK");
            assertThat(client.call("SET", other, "1")).isEqualTo(NO_KEY);
            assertThat(client.call("MSET", "a:1", "1", other, "1")).isEqualTo(NO_KEY);
            assertThat(client.call("GET", "r:1")).isEqualTo("$-1");
            assertThat(client.call("SET", "r:1", "1")).isEqualTo(NO_KEY);
            assertThat(client.call("SET", "w:1", "1")).isEqualTo("+OK");
            assertThat(client.call("SET", "w:1", "1", "GET")).isEqualTo(NO_KEY);
            assertThat(client.call("GET", "w:1")).isEqualTo(NO_KEY);
            assertThat(client.call("COPY", "r:1", "w:1")).isEqualTo(":0");
            assertThat(client.call("COPY", "w:1", "r:1")).isEqualTo(NO_KEY);
        }
    }

    @Test
    void oneSelectorHasToAllowAllOfACommand() {
        user("alice", "on", "nopass", "+get", "~a:*", "(+set ~b:*)", "(+@all", "~c:*)");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("GET", "a:1")).isEqualTo("$-1");
            assertThat(client.call("SET", "a:1", "1")).isEqualTo(NO_KEY);
            assertThat(client.call("SET", "b:1", "1")).isEqualTo("+OK");
            assertThat(client.call("GET", "b:1")).isEqualTo(NO_KEY);
            assertThat(client.call("MSET", "c:1", "1", "c:2", "2")).isEqualTo("+OK");
            assertThat(client.call("MSET", "c:1", "1", "b:2", "2")).isEqualTo(NO_KEY);
        }
        assertThat(admin.call("ACL", "LIST"))
                .contains("(~b:* resetchannels -@all +set) (~c:* resetchannels +@all)");
    }

    @Test
    void whatChangesHoldsForClientsThatAreThere() {
        user("alice", "on", "nopass", "+@all", "~*");
        try (RespClient one = as("alice", "any"); RespClient two = as("alice", "any")) {
            assertThat(one.call("GET", "a")).isEqualTo("$-1");
            user("alice", "-get");
            assertThat(one.call("GET", "a")).startsWith("-NOPERM");
            assertThat(two.call("GET", "a")).startsWith("-NOPERM");
            assertThat(admin.call("ACL", "DELUSER", "alice", "nobody")).isEqualTo(":1");
            assertThat(one.rest()).doesNotContain("still open");
            assertThat(two.rest()).doesNotContain("still open");
        }
    }

    @Test
    void aUserThatRemovesItselfIsToldAndGoes() {
        user("alice", "on", "nopass", "+@all", "~*");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("ACL", "DELUSER", "alice")).isEqualTo(":1");
            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void rulesAreFollowedAllOrNone() {
        user("alice", "+get");
        assertThat(admin.call("ACL", "SETUSER", "alice", "+set", "+nope"))
                .isEqualTo("-ERR Error in ACL SETUSER modifier '+nope': Unknown command or category name in ACL");
        assertThat(admin.call("ACL", "GETUSER", "alice")).contains("-@all +get|").doesNotContain("+set");
        assertThat(admin.call("ACL", "SETUSER", "bob", "x")).contains("Syntax error");
        assertThat(admin.call("ACL", "GETUSER", "bob")).isEqualTo("$-1");
        assertThat(admin.call("ACL", "SETUSER", "bob", "(+get", "~x"))
                .isEqualTo("-ERR Unmatched parenthesis in acl selector starting at '(+get'.");
        assertThat(admin.call("ACL", "SETUSER", "b b")).contains("can't contain spaces");
        assertThat(admin.call("ACL", "DELUSER", "default")).contains("cannot be removed");
    }

    @Test
    void whatIsRefusedIsNotedOnce() {
        user("alice", "on", ">pw", "+acl|whoami", "~a");
        try (RespClient client = as("alice", "pw")) {
            client.call("GET", "b");
            client.call("GET", "b");
            client.call("AUTH", "alice", "no");
            client.call("AUTH", "u".repeat(300), "no");
        }
        assertThat(admin.call("ACL", "LOG")).startsWith("*3|")
                .contains("|$256|" + "u".repeat(256) + "|")
                .contains(
                        "$5|count|:2|$6|reason|$7|command|$7|context|$8|toplevel|$6|object|$3|get|$8|username|$5|alice")
                .contains("$6|reason|$4|auth|$7|context|$8|toplevel|$6|object|$4|AUTH");
        assertThat(admin.call("ACL", "LOG", "0")).isEqualTo("*0");
        assertThat(admin.call("ACL", "LOG", "RESET")).isEqualTo("+OK");
        assertThat(admin.call("ACL", "LOG")).isEqualTo("*0");
    }

    @Test
    void theDefaultUserCanBeToldToLogIn() {
        try {
            assertThat(admin.call("ACL", "SETUSER", "default", ">secret")).isEqualTo("+OK");
            try (RespClient client = fixture.connect()) {
                assertThat(client.call("GET", "a")).isEqualTo("-NOAUTH Authentication required.");
                assertThat(client.call("AUTH", "secret")).isEqualTo("+OK");
                assertThat(client.call("GET", "a")).isEqualTo("$-1");
            }
        } finally {
            assertThat(admin.call("ACL", "SETUSER", "default", "nopass")).isEqualTo("+OK");
        }
        try (RespClient client = fixture.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$-1");
        }
    }

    @Test
    void theServersPasswordIsThatOfTheDefaultUser() {
        try {
            assertThat(admin.call("CONFIG", "SET", "requirepass", "secret")).isEqualTo("+OK");
            assertThat(admin.call("ACL", "LIST")).contains(
                    "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b").doesNotContain("nopass");
            try (RespClient client = fixture.connect()) {
                assertThat(client.call("GET", "a")).startsWith("-NOAUTH");
                assertThat(client.call("AUTH", "default", "secret")).isEqualTo("+OK");
            }
        } finally {
            assertThat(admin.call("ACL", "SETUSER", "default", "nopass")).isEqualTo("+OK");
        }
        assertThat(admin.call("CONFIG", "GET", "requirepass")).isEqualTo("*2|$11|requirepass|$0|");
        try (RespClient client = fixture.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$-1");
        }
    }

    @Test
    void theDefaultUserIsNeverWithoutPasswordOnceItHasItsOwn() {
        try (RespClient before = fixture.connect()) {
            assertThat(admin.call("ACL", "SETUSER", "default", "resetpass", ">own")).isEqualTo("+OK");
            // In UTF-8, as a client sends it.
            String password = sent("ключ");
            assertThat(admin.call("CONFIG", "SET", "requirepass", password)).isEqualTo("+OK");
            assertThat(fixture.store().parts().acl().defaultUser().rights().takesAnyPassword()).isFalse();
            assertThat(before.call("AUTH", "own")).startsWith("-WRONGPASS");
            assertThat(before.call("AUTH", password)).isEqualTo("+OK");
            assertThat(admin.call("CONFIG", "GET", "requirepass")).isEqualTo("*2|$11|requirepass|$8|" + password);
            assertThat(admin.call("CONFIG", "SET", "requirepass", "\u00ff")).startsWith("-ERR CONFIG SET failed");
        } finally {
            assertThat(admin.call("ACL", "SETUSER", "default", "nopass")).isEqualTo("+OK");
        }
    }

    private static String sent(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    @Test
    void configuredUsersAreWhatClientsSendInUtf8() {
        Acl acl = new Acl(fixture.store().parts().acl().catalogue());
        acl.configure(Map.of("имя", "on >пароль ~ключ:* +get"));
        User user = acl.find(sent("имя"));
        assertThat(user).isNotNull();
        assertThat(user.rights().takes("пароль".getBytes(StandardCharsets.UTF_8))).isTrue();
        assertThat(user.rights().takes("??????".getBytes(StandardCharsets.UTF_8))).isFalse();
        assertThat(user.rights().describe()).contains("~" + sent("ключ:*"));
    }

    @Test
    void aConfiguredPasswordIsNotNamedWhereItIsWrittenWrong() {
        Acl acl = new Acl(fixture.store().parts().acl().catalogue());
        assertThatThrownBy(() -> acl.configure(Map.of("alice", "on s3cret ~*")))
                .isInstanceOf(InvalidConfigException.class).hasMessageContaining("rule 2: ")
                .hasMessageNotContaining("s3cret");
    }

    /** Whether a script's key is on the client's shard, or not. */
    @ParameterizedTest
    @CsvSource({"a:1", "a:2", "a:3", "a:4"})
    @NeedsLua
    void scriptsMayDoNoMoreThanTheirUser(String key) {
        user("alice", "on", "nopass", "+@all", "-del", "~a:*");
        String call = "return redis.call(ARGV[1], KEYS[1], ARGV[2])";
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("EVAL", call, "1", key, "APPEND", "x")).isEqualTo(":1");
            assertThat(client.call("EVAL", "return redis.call('DEL', KEYS[1])", "1", key))
                    .startsWith("-ERR The user executing the script can't run this command or subcommand");
            assertThat(client.call("EVAL", "return redis.call('GET', '" + key.replace('a', 'b') + "')", "1", key))
                    .startsWith("-ERR The user executing the script can't access at least one of the keys");
            assertThat(client.call("EVAL", call, "1", "b", "APPEND", "x")).isEqualTo(NO_KEY);
            assertThat(client.call("MULTI")).isEqualTo("+OK");
            assertThat(client.call("EVAL", "return redis.call('DEL', KEYS[1])", "1", key)).isEqualTo("+QUEUED");
            assertThat(client.call("SET", "a:9", "1")).isEqualTo("+QUEUED");
            assertThat(client.call("EXEC")).startsWith("*2|-ERR The user executing the script").endsWith("|+OK");
        }
        assertThat(admin.call("EVAL", "return redis.call('DEL', KEYS[1])", "1", key)).isEqualTo(":1");
        assertThat(admin.call("ACL", "LOG")).contains("$3|lua|$6|object|$3|del|");
    }

    @Test
    void commandsOfATransactionAreLookedAtWhenTheyAreKeptAndWhenTheyAreRun() {
        user("alice", "on", "nopass", "+@all", "-get", "~*");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("MULTI")).isEqualTo("+OK");
            assertThat(client.call("GET", "a")).startsWith("-NOPERM");
            assertThat(client.call("EXEC")).startsWith("-EXECABORT");
            assertThat(admin.call("ACL", "LOG")).contains("$7|context|$5|multi|");

            assertThat(client.call("MULTI")).isEqualTo("+OK");
            assertThat(client.call("SET", "a", "1")).isEqualTo("+QUEUED");
            user("alice", "-set");
            assertThat(client.call("EXEC")).startsWith("-EXECABORT").contains("have changed since MULTI");
            assertThat(admin.call("EXISTS", "a")).isEqualTo(":0");
        }
    }

    @Test
    void subscribersEndWhoseChannelsAreTakenAway() {
        user("alice", "on", "nopass", "+@all", "resetchannels", "&a", "&b*");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("SUBSCRIBE", "c")).endsWith("access one of the channels used as arguments");
            assertThat(client.call("PSUBSCRIBE", "b?")).startsWith("-NOPERM");
            assertThat(client.call("SUBSCRIBE", "bc")).contains("subscribe");
            user("alice", "&c");
            assertThat(client.call("PING")).contains("pong");
            user("alice", "resetchannels", "&c");
            assertThat(client.rest()).doesNotContain("still open");
        }
    }

    @Test
    void sortLooksAtOtherKeysOnlyForWhoMayReadAll() {
        user("alice", "on", "nopass", "+@all", "~a");
        try (RespClient client = as("alice", "any")) {
            assertThat(client.call("SORT", "a")).isEqualTo("*0");
            assertThat(client.call("SORT", "a", "BY", "w_*")).startsWith("-ERR BY option of SORT denied");
            assertThat(client.call("SORT", "a", "GET", "w_*")).startsWith("-ERR GET option of SORT denied");
            user("alice", "%R~*");
            assertThat(client.call("SORT", "a", "BY", "w_*")).isEqualTo("*0");
        }
    }

    @Test
    void dryRunSaysWhatWouldBeRefused() {
        user("alice", "+get", "~a");
        assertThat(admin.call("ACL", "DRYRUN", "alice", "GET", "a")).isEqualTo("+OK");
        assertThat(admin.call("ACL", "DRYRUN", "alice", "GET", "b"))
                .endsWith("This user has no permissions to access the 'b' key");
        assertThat(admin.call("ACL", "DRYRUN", "alice", "SET", "a", "1"))
                .endsWith("This user has no permissions to run the 'set' command");
        assertThat(admin.call("ACL", "DRYRUN", "nobody", "GET", "a")).isEqualTo("-ERR User 'nobody' not found");
        assertThat(admin.call("ACL", "DRYRUN", "alice", "nope")).isEqualTo("-ERR Command 'nope' not found");
    }

    @Test
    void passwordsByChanceHaveAsManyBitsAsAsked() {
        assertThat(admin.call("ACL", "GENPASS")).matches("\\$64\\|[0-9a-f]{64}");
        assertThat(admin.call("ACL", "GENPASS", "5")).matches("\\$2\\|[0-9a-f]{2}");
        assertThat(admin.call("ACL", "GENPASS", "0")).startsWith("-ERR ACL GENPASS argument must be");
    }

    @Test
    void usersCannotBeSavedToAFile() {
        assertThat(admin.call("ACL", "SAVE")).startsWith("-ERR").contains("solaster.store.users");
        assertThat(admin.call("ACL", "LOAD")).startsWith("-ERR").contains("solaster.store.users");
    }
}
