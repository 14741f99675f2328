package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import io.solaster.store.command.CommandTable;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Command;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands do that cannot be compared with redis-server byte by byte, over one shard and over two. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoreCommandsTest extends ClientTest {
    private static String field(String text, String name) {
        Matcher matcher = Pattern.compile("(?:^|[| ])" + Pattern.quote(name) + "(?::([^|]*)|=([^ ]*))").matcher(text);
        assertThat(matcher.find()).as("%s in %s", name, text).isTrue();
        return matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    }

    private long info(String section, String name) {
        return Long.parseLong(field(client.call("INFO", section), name));
    }

    @Test
    void keysOfAllShardsAnswerInTheOrderOfTheRequest() {
        String[] mset = IntStream.range(0, 200).boxed().flatMap(i -> List.of("k" + i, "v" + i).stream())
                .toArray(String[]::new);
        assertThat(client.call(prepend("MSET", mset))).isEqualTo("+OK");
        String[] keys = IntStream.range(0, 200).mapToObj(i -> "k" + i).toArray(String[]::new);
        StringBuilder expected = new StringBuilder("*200");
        for (int i = 0; i < 200; i++) {
            expected.append("|$").append(("v" + i).length()).append("|v").append(i);
        }
        assertThat(client.call(prepend("MGET", keys))).isEqualTo(expected.toString());
        assertThat(client.call("DBSIZE")).isEqualTo(":200");
        assertThat(client.call(prepend("EXISTS", keys))).isEqualTo(":200");
        assertThat(client.call(prepend("DEL", keys))).isEqualTo(":200");
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
    }

    private static String[] prepend(String name, String[] rest) {
        String[] all = new String[rest.length + 1];
        all[0] = name;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }

    @Test
    void repliesLeaveInTheOrderOfTheRequestsWhicheverShardRunsThem() {
        StringBuilder requests = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            String key = "n" + i % 40;
            requests.append(new String(RespClient.encode("INCR", key)));
            expected.append(':').append(i / 40 + 1).append('|');
            if (i % 7 == 0) {
                requests.append(new String(RespClient.encode("ECHO", "e" + i)));
                expected.append('$').append(("e" + i).length()).append("|e").append(i).append('|');
            }
            if (i % 97 == 0) {
                requests.append(new String(RespClient.encode("DBSIZE")));
                expected.append(':').append(Math.min(i + 1, 40)).append('|');
            }
        }
        requests.append("QUIT\r\n");
        client.send(RespClient.latin1(requests.toString()));
        assertThat(client.rest()).isEqualTo(expected + "+OK");
    }

    @Test
    void clientsAreListedWithWhatTheySaidOfThemselves() {
        try (RespClient other = store.connect()) {
            assertThat(other.call("CLIENT", "SETNAME", "worker")).isEqualTo("+OK");
            assertThat(other.call("CLIENT", "SETINFO", "LIB-NAME", "lib")).isEqualTo("+OK");
            assertThat(other.call("CLIENT", "SETINFO", "lib-ver", "1.2")).isEqualTo("+OK");
            assertThat(other.call("CLIENT", "SETINFO", "lib-name", "a b"))
                    .isEqualTo("-ERR lib-name cannot contain spaces, newlines or special characters.");
            assertThat(other.call("CLIENT", "SETINFO", "x", "y")).isEqualTo("-ERR Unrecognized option 'x'");
            String tooLong = "n".repeat(1025);
            assertThat(other.call("CLIENT", "SETINFO", "lib-ver", tooLong))
                    .isEqualTo("-ERR lib-ver may have at most 1024 bytes, not 1025");
            assertThat(other.call("CLIENT", "SETNAME", tooLong))
                    .isEqualTo("-ERR Client names may have at most 1024 bytes, not 1025");
            assertThat(other.call("HELLO", "3", "SETNAME", tooLong))
                    .isEqualTo("-ERR Client names may have at most 1024 bytes, not 1025");
            other.call("HELLO", "3");
            String id = other.call("CLIENT", "ID").substring(1);
            String line = client.call("CLIENT", "LIST", "ID", id, id);
            assertThat(line.lines()).hasSize(1);
            assertThat(field(line, "name")).isEqualTo("worker");
            assertThat(field(line, "addr")).isEqualTo("127.0.0.1:" + other.socket().getLocalPort());
            assertThat(field(line, "laddr")).isEqualTo("127.0.0.1:" + other.socket().getPort());
            assertThat(field(line, "cmd")).isEqualTo("client|id");
            assertThat(field(line, "resp")).isEqualTo("3");
            assertThat(field(line, "flags")).isEqualTo("N");
            assertThat(field(line, "lib-name")).isEqualTo("lib");
            assertThat(field(line, "lib-ver")).isEqualTo("1.2\n");
            String all = client.call("CLIENT", "LIST");
            assertThat(all).contains("name=worker").contains("id=" + client.call("CLIENT", "ID").substring(1) + " ");
            // Those of earlier tests may leave between the two.
            StoreFixture.await("all are normal", () -> client.call("CLIENT", "LIST", "TYPE", "normal").lines()
                    .count() == client.call("CLIENT", "LIST").lines().count());
            assertThat(other.call("CLIENT", "INFO")).startsWith("=").contains("|txt:id=" + id + " ");
        }
    }

    @Test
    void clientsOfAnyShardAreKilled() {
        List<RespClient> others = IntStream.range(0, 8).mapToObj(i -> store.connect()).toList();
        for (RespClient other : others.subList(0, 4)) {
            String id = other.call("CLIENT", "ID").substring(1);
            assertThat(client.call("CLIENT", "KILL", "ID", id)).isEqualTo(":1");
            assertThat(other.rest()).isEmpty();
            // Its end may be seen here before it is there.
            StoreFixture.await("it is gone", () -> client.call("CLIENT", "KILL", "ID", id).equals(":0"));
        }
        RespClient fifth = others.get(4);
        fifth.call("PING");
        assertThat(client.call("CLIENT", "KILL", "127.0.0.1:" + fifth.socket().getLocalPort())).isEqualTo("+OK");
        assertThat(fifth.rest()).isEmpty();
        for (RespClient other : others.subList(5, 8)) {
            other.call("PING");
        }
        long killed = Long.parseLong(client.call("CLIENT", "KILL", "TYPE", "normal", "USER", "default").substring(1));
        assertThat(killed).isGreaterThanOrEqualTo(3);
        others.subList(5, 8).forEach(other -> assertThat(other.rest()).isEmpty());
        assertThat(client.call("PING")).isEqualTo("+PONG");
    }

    @Test
    void aClientThatKillsItselfIsToldFirst() {
        String id = client.call("CLIENT", "ID").substring(1);
        client.send("CLIENT", "KILL", "ID", id, "SKIPME", "no").send("PING");
        assertThat(client.rest()).isEqualTo(":1");
    }

    @Test
    void infoTellsOfAllShards() {
        client.call("CONFIG", "RESETSTAT");
        client.call("MSET", "a", "1", "b", "2", "c", "3", "d", "4");
        client.call("EXPIRE", "a", "100");
        client.call("MGET", "a", "b", "x", "y", "z");
        client.call("SET", "e", "5", "GET");
        client.call("INCR", "e");
        client.call("SET", "e", "x", "y");
        client.call("SET", "e");
        String info = client.call("INFO", "everything");
        assertThat(field(info, "redis_version")).isEqualTo("7.0.15");
        assertThat(field(info, "solaster_version")).isNotEmpty();
        assertThat(field(info, "tcp_port")).isEqualTo(Integer.toString(store.port()));
        assertThat(field(info, "shards")).isEqualTo(Integer.toString(shards));
        assertThat(field(info, "db0")).isEqualTo("keys=5,expires=1,avg_ttl=0");
        assertThat(field(info, "keyspace_hits")).isEqualTo("2");
        assertThat(field(info, "keyspace_misses")).isEqualTo("4");
        assertThat(field(info, "cmdstat_expire"))
                .matches("calls=1,usec=\\d+,usec_per_call=[0-9.]+,rejected_calls=0,failed_calls=0");
        assertThat(field(info, "cmdstat_set"))
                .matches("calls=2,usec=\\d+,usec_per_call=[0-9.]+,rejected_calls=1,failed_calls=1");
        assertThat(field(info, "total_error_replies")).isEqualTo("2");
        assertThat(field(info, "role")).isEqualTo("master");
        assertThat(field(info, "loading")).isEqualTo("0");
        assertThat(Long.parseLong(field(info, "connected_clients"))).isGreaterThanOrEqualTo(1);
        assertThat(Long.parseLong(field(info, "used_memory"))).isGreaterThan(100_000);
        assertThat(Long.parseLong(field(info, "used_memory_rss"))).isGreaterThan(1_000_000);
        assertThat(Double.parseDouble(field(info, "used_cpu_user"))).isPositive();
        assertThat(info).contains("|# Server|").contains("||# Clients|").contains("|# CPU|").contains("shard0:");
        assertThat(client.call("INFO")).contains("# Keyspace").doesNotContain("# Commandstats");
        assertThat(client.call("INFO", "KEYSPACE", "nope")).startsWith("$").contains("|# Keyspace|db0:");
        client.call("HELLO", "3");
        assertThat(client.call("INFO", "cpu")).startsWith("=").contains("|txt:# CPU|");
    }

    @Test
    void statisticsStartFromZeroOnResetButKeysStay() {
        client.call("SET", "a", "1");
        client.call("GET", "a");
        assertThat(info("stats", "keyspace_hits")).isPositive();
        assertThat(client.call("CONFIG", "RESETSTAT")).isEqualTo("+OK");
        assertThat(info("stats", "keyspace_hits")).isZero();
        assertThat(info("stats", "total_commands_processed")).isLessThan(10);
        assertThat(client.call("INFO", "keyspace")).contains("keys=1");
        assertThat(store.store().total(stats -> stats.hits.get())).isPositive();
    }

    @Test
    void timeIsInSecondsAndMicroseconds() {
        long before = System.currentTimeMillis() / 1000;
        String[] reply = client.call("TIME").split("\\|", -1);
        assertThat(reply).hasSize(5);
        assertThat(Long.parseLong(reply[2])).isBetween(before - 5, System.currentTimeMillis() / 1000 + 5);
        assertThat(Long.parseLong(reply[4])).isBetween(0L, 999_999L);
    }

    @Test
    void theTableIsToldToClients() {
        long count = Long.parseLong(client.call("COMMAND", "COUNT").substring(1));
        assertThat(count).isEqualTo(CommandTable.all().stream().filter(c -> !c.name().contains("|")).count());
        assertThat(client.call("COMMAND")).startsWith("*" + count + "|*10|$4|ping|");
        assertThat(client.call("COMMAND", "INFO")).isEqualTo(client.call("COMMAND"));
        assertThat(client.call("COMMAND", "LIST")).startsWith(
                "*" + CommandTable.all().size() + "|$4|ping|");
        client.call("HELLO", "3");
        assertThat(client.call("COMMAND", "DOCS")).startsWith("%" + count + "|$4|ping|%5|$7|summary|");
        assertThat(client.call("COMMAND", "DOCS", "setex", "nope", "client|id"))
                .isEqualTo("%2|$5|setex|%5|$7|summary|$32|Gives a key a value for some seconds."
                        .replace("$32", "$37")
                        + "|$5|since|$5|2.0.0|$5|group|$6|string|$10|complexity|$4|O(1)"
                        + "|$9|arguments|*3|%3|$4|name|$3|key|$4|type|$3|key|$14|key_spec_index|:0"
                        + "|%2|$4|name|$7|seconds|$4|type|$7|integer|%2|$4|name|$5|value|$4|type|$6|string"
                        + "|$9|client|id|%4|$7|summary|$30|The number of this connection."
                        + "|$5|since|$5|5.0.0|$5|group|$10|connection|$10|complexity|$4|O(1)");
        assertThat(client.call("COMMAND", "DOCS", "client")).contains("|$11|subcommands|%");
        assertThat(client.call("COMMAND", "DOCS", "set")).contains("|$5|token|$2|EX|").contains("|$5|oneof|");
        for (String container : List.of("CLIENT", "CONFIG", "COMMAND")) {
            assertThat(client.call(container, "HELP")).contains(container + " <subcommand>").contains("|+HELP|");
        }
    }

    @Test
    void everySubcommandIsKnownToItsContainer() {
        for (Command command : CommandTable.all()) {
            int bar = command.name().indexOf('|');
            if (bar > 0) {
                Command container = CommandTable.named(command.name().substring(0, bar));
                assertThat(container.subcommands()).containsEntry(command.name().substring(bar + 1), command);
            }
            assertThat(CommandTable.all().get(command.index())).isSameAs(command);
        }
    }

    @Test
    void aPasswordIsAskedForAndCanBeChanged() {
        // What other tests failed to guess from this address is forgotten.
        store.advance(Duration.ofHours(1));
        try (StoreFixture.Server server = store.serve(StoreFixture.config().withPassword("s3cret"));
                RespClient first = server.connect()) {
            assertThat(first.call("GET", "a")).isEqualTo("-NOAUTH Authentication required.");
            assertThat(first.call("PING")).isEqualTo("-NOAUTH Authentication required.");
            assertThat(first.call("HELLO")).startsWith("-NOAUTH HELLO must be called with the client already");
            assertThat(first.call("AUTH", "s3cre")).isEqualTo(
                    "-WRONGPASS invalid username-password pair or user is disabled.");
            assertThat(first.call("AUTH", "other", "s3cret")).startsWith("-WRONGPASS");
            assertThat(first.call("HELLO", "3", "AUTH", "default", "x")).startsWith("-WRONGPASS");
            assertThat(first.call("HELLO", "3", "AUTH", "default", "s3cret", "SETNAME", "me")).startsWith("%7|");
            assertThat(first.call("CLIENT", "GETNAME")).isEqualTo("$2|me");
            assertThat(first.call("GET", "a")).isEqualTo("_");
            assertThat(first.call("RESET")).isEqualTo("+RESET");
            assertThat(first.call("GET", "a")).startsWith("-NOAUTH");
            assertThat(first.call("AUTH", "s3cret")).isEqualTo("+OK");
            assertThat(first.call("CONFIG", "GET", "requirepass")).isEqualTo("*2|$11|requirepass|$6|s3cret");
            assertThat(first.call("CONFIG", "SET", "requirepass", "new")).isEqualTo("+OK");
            assertThat(first.call("GET", "a")).isEqualTo("$-1");
            try (RespClient second = server.connect()) {
                assertThat(second.call("AUTH", "s3cret")).startsWith("-WRONGPASS");
                assertThat(second.call("AUTH", "default", "new")).isEqualTo("+OK");
            }
            try (RespClient third = server.connect()) {
                assertThat(third.call("GET", "a")).startsWith("-NOAUTH");
                assertThat(first.call("CONFIG", "SET", "requirepass", "")).isEqualTo("+OK");
                assertThat(third.call("GET", "a")).isEqualTo("$-1");
                assertThat(third.call("AUTH", "x")).startsWith("-ERR AUTH <password> called without any password");
            }
        }
    }

    @Test
    void settingsOfOneServerDoNotTouchAnother() {
        try (StoreFixture.Server server = store.serve(StoreFixture.config()); RespClient other = server.connect()) {
            assertThat(other.call("CONFIG", "SET", "timeout", "60", "maxclients", "5")).isEqualTo("+OK");
            assertThat(other.call("CONFIG", "GET", "maxclients", "timeout"))
                    .isEqualTo("*4|$10|maxclients|$1|5|$7|timeout|$2|60");
            assertThat(client.call("CONFIG", "GET", "timeout")).isEqualTo("*2|$7|timeout|$1|0");
            assertThat(other.call("CONFIG", "GET", "port"))
                    .isEqualTo("*2|$4|port|$5|" + server.tcp().port());
            assertThat(other.call("CONFIG", "GET", "client-output-*"))
                    .isEqualTo(
                            "*2|$26|client-output-buffer-limit|$58|normal 67108864 0 0 slave 0 0 0 pubsub 33554432 8388608 60");
            assertThat(other.call("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0 pubsub 1 2 3"))
                    .isEqualTo("+OK");
            assertThat(other.call("CONFIG", "GET", "client-output-buffer-limit"))
                    .endsWith("|normal 1048576 0 0 slave 0 0 0 pubsub 1 2 3");
            assertThat(other.call("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0")).isEqualTo("+OK");
            assertThat(other.call("CONFIG", "GET", "client-output-buffer-limit"))
                    .endsWith("|normal 0 0 0 slave 0 0 0 pubsub 1 2 3");
            assertThat(other.call("CONFIG", "SET", "port", "1")).endsWith("'port') - can't set immutable config");
            assertThat(other.call("CONFIG", "SET", "proto-max-bulk-len", "1gb"))
                    .endsWith("argument must be between 1048576 and 536870912 inclusive");
            assertThat(other.call("CONFIG", "SET", "proto-max-bulk-len", "1mb")).isEqualTo("+OK");
            assertThat(other.send(RespClient.latin1("*2\r\n$4\r\nECHO\r\n$1048577\r\n")).rest())
                    .isEqualTo("-ERR Protocol error: invalid bulk length");
        }
        client.call("CONFIG", "SET", "proto-max-bulk-len", "512mb");
    }

    @Test
    void valuesMayBeAnyBytesOfAnyLength() {
        for (int length : new int[]{0, 1, 63, 64, 65, 1023, 1024, 16_383, 65_536, 1_000_000}) {
            String value = IntStream.range(0, length).collect(StringBuilder::new,
                    (text, i) -> text.append((char) (i * 31 + length & 0xff)), StringBuilder::append).toString();
            assertThat(client.call("SET", "big", value)).isEqualTo("+OK");
            assertThat(client.call("GET", "big")).isEqualTo(("$" + length + "|" + value).replace("\r\n", "|"));
            assertThat(client.call("STRLEN", "big")).isEqualTo(":" + length);
        }
    }
}
