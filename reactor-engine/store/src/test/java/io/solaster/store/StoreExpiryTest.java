package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StoreExpiryTest {
    @Parameter
    int shards;

    private StoreFixture store;
    private RespClient client;

    @BeforeEach
    void connect() {
        store = StoreFixture.of(shards);
        client = store.connectEmpty();
    }

    @AfterEach
    void disconnect() {
        store.resetClock();
        client.close();
    }

    @Test
    void aKeyIsGoneOnceItsTimeHasCome() {
        client.call("SET", "a", "1", "EX", "100");
        client.call("SET", "b", "1", "PX", "300000");
        assertThat(client.call("TTL", "a")).isEqualTo(":100");
        store.advance(Duration.ofSeconds(60));
        assertThat(client.call("TTL", "a")).isEqualTo(":40");
        assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        store.advance(Duration.ofSeconds(41));
        assertThat(client.call("GET", "a")).isEqualTo("$-1");
        assertThat(client.call("EXISTS", "a", "b")).isEqualTo(":1");
        assertThat(client.call("TTL", "a")).isEqualTo(":-2");
        assertThat(client.call("TTL", "b")).isEqualTo(":199");
    }

    @Test
    void writesTakeADueKeyAsAbsent() {
        for (String name : new String[]{"a", "b", "c", "d", "e", "f"}) {
            client.call("SET", name, "7", "EX", "10");
        }
        store.advance(Duration.ofSeconds(11));
        assertThat(client.call("INCR", "a")).isEqualTo(":1");
        assertThat(client.call("TTL", "a")).isEqualTo(":-1");
        assertThat(client.call("APPEND", "b", "x")).isEqualTo(":1");
        assertThat(client.call("SET", "c", "1", "XX")).isEqualTo("$-1");
        assertThat(client.call("SETNX", "c", "1")).isEqualTo(":1");
        assertThat(client.call("DEL", "d")).isEqualTo(":0");
        assertThat(client.call("PERSIST", "e")).isEqualTo(":0");
        assertThat(client.call("EXPIRE", "f", "10")).isEqualTo(":0");
    }

    @Test
    void keysThatNobodyAsksForAreRemovedToo() {
        for (int i = 0; i < 500; i++) {
            client.send("SET", "k" + i, "v", "EX", i < 300 ? "10" : "1000");
        }
        for (int i = 0; i < 500; i++) {
            client.reply();
        }
        client.call("CONFIG", "RESETSTAT");
        store.advance(Duration.ofSeconds(11));
        StoreFixture.await("due keys are removed", () -> client.call("DBSIZE").equals(":200"));
        assertThat(client.call("INFO", "stats")).contains("|expired_keys:300|");
        assertThat(client.call("INFO", "keyspace")).contains("keys=200,expires=200");
    }

    @Test
    void expiriesSurviveChangesOfTheValue() {
        client.call("SET", "a", "99", "EX", "100");
        client.call("INCR", "a");
        client.call("APPEND", "a", "x".repeat(1000));
        client.call("SETRANGE", "a", "0", "y");
        client.call("SET", "a", "z", "KEEPTTL");
        assertThat(client.call("TTL", "a")).isEqualTo(":100");
        client.call("SET", "a", "z");
        assertThat(client.call("TTL", "a")).isEqualTo(":-1");
    }
}
