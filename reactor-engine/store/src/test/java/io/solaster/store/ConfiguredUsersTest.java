package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.StoreConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Test;

/** Users that the configuration has, and {@code DEBUG}, which is there where it says so. */
class ConfiguredUsersTest {

    private static Engine engine() {
        return Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
    }

    private static TcpServer serve(Engine engine, StoreConfig config) {
        return TcpServer.bind(engine, "kv", StoreFixture.config(),
                new RespProtocol(Store.on(engine, config), StoreFixture.config()));
    }

    @Test
    void configuredUsersLogIn() {
        StoreConfig config = StoreConfig.defaults().withUsers(Map.of("alice", "on >secret ~a:* +@read (+set ~b:*)",
                "default", "-@dangerous"));
        assertThat(config.toString()).contains("alice").doesNotContain("secret");
        try (Engine engine = engine();
                TcpServer server = serve(engine, config);
                RespClient client = new RespClient(server.port())) {
            assertThat(client.call("FLUSHALL")).startsWith("-NOPERM");
            assertThat(client.call("AUTH", "alice", "secret")).isEqualTo("+OK");
            assertThat(client.call("GET", "a:1")).isEqualTo("$-1");
            assertThat(client.call("SET", "a:1", "1")).startsWith("-NOPERM");
            assertThat(client.call("SET", "b:1", "1")).isEqualTo("+OK");
            assertThat(client.call("DEBUG", "SLEEP", "0")).startsWith("-NOPERM");
        }
    }

    @Test
    void aRuleThatMakesNoSenseIsNamedWithoutPasswords() {
        try (Engine engine = engine()) {
            assertThatThrownBy(() -> Store.on(engine,
                    StoreConfig.defaults().withUsers(Map.of("alice", "on >secret +nope"))))
                    .isInstanceOf(InvalidConfigException.class).hasMessageContaining("solaster.store.users.alice")
                    .hasMessageContaining("rule 3").hasMessageNotContaining("secret");
        }
    }

    @Test
    void debugIsThereWhereItIsAskedFor() {
        try (Engine engine = engine();
                TcpServer off = serve(engine, StoreConfig.defaults());
                RespClient client = new RespClient(off.port())) {
            assertThat(client.call("DEBUG", "SLEEP", "0"))
                    .isEqualTo("-ERR DEBUG command not allowed. Set solaster.store.debug to true, and start again");
            assertThat(client.call("CONFIG", "GET", "enable-debug-command")).endsWith("|$2|no");
        }
        try (Engine engine = engine();
                TcpServer on = serve(engine, StoreConfig.defaults().withDebug(true));
                RespClient client = new RespClient(on.port())) {
            assertThat(client.call("CONFIG", "SET", "slowlog-log-slower-than", "20000")).isEqualTo("+OK");
            assertThat(client.call("DEBUG", "SLEEP", "0.03")).isEqualTo("+OK");
            assertThat(client.call("SLOWLOG", "GET")).contains("|$5|DEBUG|$5|SLEEP|$4|0.03|");
            assertThat(client.call("DEBUG", "SLEEP", "x")).startsWith("-ERR");
            client.call("SET", "a", "1");
            assertThat(client.call("DEBUG", "OBJECT", "a")).contains("encoding:int");
            assertThat(client.call("DEBUG", "OBJECT", "b")).isEqualTo("-ERR no such key");
            assertThat(client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")).isEqualTo("+OK");
            assertThat(client.call("DEBUG", "PROTOCOL", "bignum")).contains("1234567");
            assertThat(client.call("DEBUG", "nope")).startsWith("-ERR unknown subcommand");
        }
    }

    @Test
    void memoryIsTold() {
        try (Engine engine = engine();
                TcpServer server = serve(engine, StoreConfig.defaults());
                RespClient client = new RespClient(server.port())) {
            client.call("SET", "a", "1");
            assertThat(client.call("MEMORY", "STATS")).contains("|$10|keys.count|:1|").contains("dataset.bytes");
            assertThat(client.call("MEMORY", "DOCTOR")).contains("Nothing is wrong");
            assertThat(client.call("MEMORY", "PURGE")).isEqualTo("+OK");
            assertThat(client.call("MEMORY", "MALLOC-STATS")).contains("shard 0: ");
            assertThat(client.call("LOLWUT")).contains("Redis ver.");
            client.call("nope");
            client.call("GET");
            assertThat(client.call("INFO", "everything")).contains("errorstat_ERR:count=2").contains("role:master")
                    .contains("master_repl_offset:0").contains("latency_percentiles_usec_set:p50=")
                    .contains("cmdstat_get:calls=0").contains("rejected_calls=1").contains("cluster_enabled:0");
        }
    }
}
