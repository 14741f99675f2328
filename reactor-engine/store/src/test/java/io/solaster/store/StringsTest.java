package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StringsTest {
    @Parameter
    int shards;

    private StoreFixture store;
    private RespClient client;
    private Strings strings;

    @BeforeEach
    void connect() {
        store = StoreFixture.of(shards);
        client = store.connectEmpty();
        strings = store.store().strings();
    }

    @AfterEach
    void disconnect() {
        store.resetClock();
        client.close();
    }

    @Test
    void clientsAndCodeSeeTheSameKeys() {
        for (int i = 0; i < 20; i++) {
            String key = "{" + i + "}cheese";
            strings.set(key, bytes("v" + i)).join();
            assertThat(client.call("GET", key)).isEqualTo("$" + ("v" + i).length() + "|v" + i);
            client.call("APPEND", key, "!");
            assertThat(strings.get(key).join()).isEqualTo(bytes("v" + i + "!"));
            assertThat(strings.remove(key).join()).isTrue();
            assertThat(strings.remove(key).join()).isFalse();
            assertThat(client.call("EXISTS", key)).isEqualTo(":0");
        }
    }

    @Test
    void anEmptyValueIsThereAndAMissingOneIsNot() {
        strings.set("", new byte[0]).join();
        assertThat(strings.get("").join()).isEmpty();
        assertThat(strings.get("nothing").join()).isNull();
    }

    @Test
    void aLifetimeEnds() {
        strings.set("a", bytes("1"), Duration.ofSeconds(10)).join();
        assertThat(client.call("TTL", "a")).isEqualTo(":10");
        store.advance(Duration.ofSeconds(11));
        assertThat(strings.get("a").join()).isNull();
        strings.set("b", bytes("1"), Duration.ofSeconds(10)).join();
        strings.set("b", bytes("2")).join();
        assertThat(client.call("TTL", "b")).as("set for good").isEqualTo(":-1");
    }

    @Test
    void aLifetimeThatIsNoneIsRefused() {
        assertThatThrownBy(() -> strings.set("a", bytes("1"), Duration.ofNanos(1)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("PT0.000000001S");
        assertThatThrownBy(() -> strings.set("a", bytes("1"), Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
