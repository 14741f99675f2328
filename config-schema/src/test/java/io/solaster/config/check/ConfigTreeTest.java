package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import org.junit.jupiter.api.Test;

class ConfigTreeTest {
    private static final SolasterConfig CONFIG = Changed
            .with(SolasterConfig.defaults(), "servers",
                    Map.of("kv", ServerConfig.of("resp", 6379), "a.b", ServerConfig.of("resp", 1)))
            .withPools(Map.of("orders", PoolConfig.of(PoolConfig.Protocol.HTTP, EndpointConfig.valueOf("a:1"),
                    EndpointConfig.valueOf("b:2"))));

    @Test
    void tellsEachValueByItsKey() {
        Map<String, Object> values = new LinkedHashMap<>();
        ConfigTree.visit(CONFIG, values::put);
        assertThat(values).containsEntry("solaster.servers.kv.port", 6379)
                .containsEntry("solaster.servers[a.b].port", 1)
                .containsEntry("solaster.engine.task-quota", Duration.ofNanos(500_000))
                .containsEntry("solaster.servers.kv.password", null)
                .containsEntry("solaster.pools.orders.endpoints",
                        List.of(EndpointConfig.valueOf("a:1"), EndpointConfig.valueOf("b:2")));
        assertThat(values.keySet().stream().map(key -> key.replaceAll("[.]kv|\\[a.b]|(?<=pools)[.]orders", ".<name>")))
                .contains("solaster.pools.<name>.endpoints").allSatisfy(key -> assertThat(ConfigTree.leaves())
                        .anyMatch(leaf -> leaf.equals(key) || leaf.startsWith(key + ".<name>")));
    }

    @Test
    void replacesAValueWhereItStandsAndNothingElse() {
        ServerConfig other = ServerConfig.of("http", 80);
        assertThat(replaced(List.of("servers", "kv"), other)).isEqualTo(
                Changed.with(CONFIG, "servers", Map.of("kv", other, "a.b", ServerConfig.of("resp", 1))));
        assertThat(replaced(List.of("ENGINE"), EngineConfig.defaults().withShards(3)))
                .isEqualTo(CONFIG.withEngine(EngineConfig.defaults().withShards(3)));
        assertThat(replaced(List.of("engine", "taskQuota"), Duration.ofSeconds(1)))
                .isEqualTo(
                        CONFIG.withEngine(Changed.with(EngineConfig.defaults(), "taskQuota", Duration.ofSeconds(1))));
        SolasterConfig weighted = (SolasterConfig) replaced(List.of("pools", "orders", "endpoints", "1", "weight"), 3);
        assertThat(weighted.pools().get("orders").endpoints())
                .containsExactly(EndpointConfig.valueOf("a:1"),
                        Changed.with(EndpointConfig.valueOf("b:2"), "weight", 3));
    }

    @Test
    void replacesNothingWhereNothingStands() {
        assertThat(replaced(List.of("servers", "web"), ServerConfig.of("http", 80))).isNull();
        assertThat(replaced(List.of("pools", "orders", "endpoints", "2"), EndpointConfig.valueOf("c:3"))).isNull();
        assertThat(replaced(List.of("engine", "task-qouta"), Duration.ZERO)).isNull();
        assertThat(replaced(List.of("engine", "shards", "count"), 1)).isNull();
    }

    @Test
    void namesAllThatAConfigurationIsMadeOf() {
        assertThat(ConfigTree.types()).contains(SolasterConfig.class, EngineConfig.class, EngineConfig.Transport.class,
                Http2Config.class, EndpointConfig.class, ByteSize.class, Duration.class, int.class);
    }

    @Test
    void writesValuesAsAFileHasThem() {
        assertThat(ConfigTree.written(Duration.ofMillis(20))).isEqualTo("20ms");
        assertThat(ConfigTree.written(EngineConfig.Transport.IO_URING)).isEqualTo("io_uring");
        assertThat(ConfigTree.written(List.of(Duration.ofDays(1), ByteSize.valueOf("1MB")))).isEqualTo("1d, 1MB");
        assertThat(ConfigTree.written(true)).isEqualTo("true");
    }

    private static Object replaced(List<String> path, Object value) {
        return ConfigTree.replace(ConfigTree.ROOT, CONFIG, path, value);
    }
}
