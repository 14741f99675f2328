package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.GroupConfig;
import io.solaster.config.MeshConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigDiff.Change;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.Test;

class ConfigDiffTest {
    private static final SolasterConfig BEFORE = Changed.with(SolasterConfig.defaults(), "servers",
            Map.of("kv", ServerConfig.of("resp", 6380)));

    @Test
    void nothingIsDifferentFromItself() {
        assertThat(ConfigDiff.between(BEFORE, BEFORE).isEmpty()).isTrue();
    }

    @Test
    void eachKeyIsToldWithBothValuesAndWhetherItMayChange() {
        SolasterConfig after = Changed.with(BEFORE
                .withEngine(Changed.with(Changed.with(BEFORE.engine(), "taskQuota", Duration.ofMillis(1)).withSmt(true),
                        "mesh", new MeshConfig(64, 99)).withPinning(EngineConfig.Pinning.NEVER)),
                "servers", Map.of("kv", ServerConfig.of("resp", 6381).withPassword("hunter2")
                        .withLimits(LimitsConfig.defaults().withMaxConnections(7))));
        assertThat(ConfigDiff.between(BEFORE, after).changes()).containsExactly(
                new Change("solaster.engine.smt", "false", "true", false),
                new Change("solaster.engine.pinning", "auto", "never", false),
                new Change("solaster.engine.task-quota", "500us", "1ms", true),
                new Change("solaster.engine.mesh.lane-capacity", "1024", "64", false),
                new Change("solaster.engine.mesh.high-water-mark", "4096", "99", true),
                new Change("solaster.servers.kv.port", "6380", "6381", false),
                new Change("solaster.servers.kv.password", "", "******", true),
                new Change("solaster.servers.kv.limits.max-connections", "10000", "7", true));
    }

    @Test
    void groupsMayComeAndNotGo() {
        SolasterConfig after = BEFORE
                .withEngine(BEFORE.engine().withGroups(Map.of("reports", GroupConfig.ofShares(5))));
        assertThat(ConfigDiff.between(BEFORE, after).changes()).isNotEmpty().allMatch(Change::reloadable)
                .contains(new Change("solaster.engine.groups.reports.shares", "", "5", true));
        assertThat(ConfigDiff.between(after, BEFORE).changes()).isNotEmpty().noneMatch(Change::reloadable)
                .contains(new Change("solaster.engine.groups.reports.shares", "5", "", false));
    }

    @Test
    void groupsThatAreAlwaysThereHaveDefaults() {
        SolasterConfig after = BEFORE
                .withEngine(BEFORE.engine().withGroups(Map.of("critical", GroupConfig.ofShares(5))));
        assertThat(ConfigDiff.between(BEFORE, after).changes())
                .containsExactly(new Change("solaster.engine.groups.critical.shares", "0", "5", true));
        assertThat(ConfigDiff.between(after, BEFORE).changes())
                .containsExactly(new Change("solaster.engine.groups.critical.shares", "5", "0", true));
    }

    @Test
    void endpointsComeAndGoAsOneList() {
        PoolConfig pool = PoolConfig.of(PoolConfig.Protocol.RESP, EndpointConfig.valueOf("a:1"),
                EndpointConfig.valueOf("b:1"));
        SolasterConfig before = BEFORE.withPools(Map.of("orders", pool));
        SolasterConfig after = BEFORE.withPools(Map.of("orders",
                Changed.with(pool.withEndpoints(List.of(Changed.with(EndpointConfig.valueOf("b:1"), "weight", 3))),
                        "resp", new RespConfig(3, null, "hunter2", 0, null, 64))));
        assertThat(ConfigDiff.between(before, after).changes()).containsExactly(
                new Change("solaster.pools.orders.endpoints", "a:1, b:1", "b:1 (weight 3)", true),
                new Change("solaster.pools.orders.resp.password", "", "******", false));
        assertThat(ConfigTree.isReloadable("solaster.pools.orders.endpoints[0].weight")).isTrue();
        assertThat(ConfigDiff.between(BEFORE, before).needingRestart()).as("pools do not come").isNotEmpty();
        assertThat(ConfigDiff.between(before, BEFORE).needingRestart()).as("pools do not go").isNotEmpty();
    }

    @Test
    void serversNeitherComeNorGo() {
        assertThat(ConfigDiff.between(SolasterConfig.defaults(), BEFORE).needingRestart()).extracting(Change::key)
                .contains("solaster.servers.kv.protocol", "solaster.servers.kv.port");
        assertThat(ConfigDiff.between(BEFORE, SolasterConfig.defaults()).needingRestart()).extracting(Change::key)
                .contains("solaster.servers.kv.protocol", "solaster.servers.kv.port");
    }
}
