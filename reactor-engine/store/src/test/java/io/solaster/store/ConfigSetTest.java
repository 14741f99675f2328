package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import org.junit.jupiter.api.Test;

/** What {@code CONFIG SET} has set, when the server's configuration changes. */
class ConfigSetTest {

    @Test
    void whatWasSetOutlivesChangesOfOtherKeysAndYieldsToItsOwn() throws Exception {
        ServerConfig file = StoreFixture.config();
        try (StoreFixture.Server server = StoreFixture.of(2).serve(file); RespClient client = server.connect()) {
            client.call("CONFIG", "SET", "maxclients", "77", "timeout", "300", "protected-mode", "no",
                    "client-output-buffer-limit", "normal 1048576 0 0");
            ServerConfig other = file.withLimits(StoreFixture.withMaxArguments(file.limits(), 1_000));
            server.tcp().reconfigure(other).get(60, TimeUnit.SECONDS);
            assertThat(server.protocol().settings().limits().maxArguments()).isEqualTo(1_000);
            assertThat(server.protocol().settings().limits().maxConnections()).isEqualTo(77);
            assertThat(server.protocol().settings().limits().idleTimeout()).isEqualTo(Duration.ofSeconds(300));
            assertThat(server.protocol().settings().limits().outputBuffer()).isEqualTo(ByteSize.valueOf("1MB"));
            assertThat(server.protocol().settings().config().protectedMode()).isFalse();

            ServerConfig own = other.withLimits(other.limits().withMaxConnections(5)).withPassword("secret");
            server.tcp().reconfigure(own).get(60, TimeUnit.SECONDS);
            assertThat(server.protocol().settings().limits().maxConnections()).isEqualTo(5);
            assertThat(server.protocol().settings().limits().idleTimeout()).isEqualTo(Duration.ofSeconds(300));
            assertThat(server.protocol().settings().password()).isEqualTo("secret");

            // Back to where the file was: a change like any other.
            server.tcp().reconfigure(file.withLimits(file.limits().withIdleTimeout(Duration.ofSeconds(9))))
                    .get(60, TimeUnit.SECONDS);
            assertThat(server.protocol().settings().limits().maxConnections())
                    .isEqualTo(file.limits().maxConnections());
            assertThat(server.protocol().settings().limits().idleTimeout()).isEqualTo(Duration.ofSeconds(9));
            assertThat(server.protocol().settings().password()).isNull();
            assertThat(server.protocol().settings().limits().outputBuffer()).isEqualTo(ByteSize.valueOf("1MB"));
        }
    }
}
