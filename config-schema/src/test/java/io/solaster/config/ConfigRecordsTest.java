package io.solaster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.plan.Wording;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.ProxyConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.ShardCount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigRecordsTest {

    @Test
    void eachWithChangesItsComponentAlone() throws ReflectiveOperationException {
        EngineConfig defaults = EngineConfig.defaults();
        Map<String, Object> others = Map.of("shards", 3, "smt", true, "pinning", Pinning.NEVER, "transport",
                Transport.NIO, "idle",
                new IdleConfig(IdleConfig.Policy.PARK, Duration.ofSeconds(1), Duration.ZERO), "shutdownTimeout",
                Duration.ZERO, "groups", Map.of("bulk", GroupConfig.ofShares(1)));
        for (RecordComponent component : EngineConfig.class.getRecordComponents()) {
            String name = component.getName();
            if (!others.containsKey(name)) {
                continue;
            }
            Method with = List.of(EngineConfig.class.getMethods()).stream()
                    .filter(m -> m.getName().equalsIgnoreCase("with" + name)).findFirst().orElseThrow();
            Object changed = with.invoke(defaults, others.get(name));
            for (RecordComponent each : EngineConfig.class.getRecordComponents()) {
                Object before = each.getAccessor().invoke(defaults);
                Object after = each.getAccessor().invoke(changed);
                if (each.getName().equals(name)) {
                    assertThat(after).as(name).isNotEqualTo(before).hasToString(others.get(name).toString());
                } else {
                    assertThat(after).as("%s after with %s", each.getName(), name).isEqualTo(before);
                }
            }
        }
        assertThat(defaults.withShards(0)).isEqualTo(defaults);
    }

    @Test
    void aServerIsChangedAKeyAtATimeAndKeepsItsPasswordToItself() {
        ServerConfig server = ServerConfig.of("resp", 1).withHost("::1").withPassword("secret");
        assertThat(server.host()).isEqualTo("::1");
        assertThat(server.password()).isEqualTo("secret");
        assertThat(server).hasToString(
                "ServerConfig[protocol=resp, host=::1, port=1, shardPorts=0, backlog=1024, password=******,"
                        + " protectedMode=true, limits=" + LimitsConfig.defaults() + ", group=default,"
                        + " sslBundle=null, clientAuth=NONE, socketMode=600, distribution=REUSEPORT,"
                        + " acceptPolicy=null, socket=" + SocketConfig.defaults() + ", proxyProtocol="
                        + ProxyProtocolConfig.defaults() + ", tls=" + TlsConfig.defaults() + ", http="
                        + HttpConfig.defaults() + "]");
        assertThat(server.withPassword(null).toString()).contains("password=none");
    }

    @Test
    void serversCannotBeChangedBehindAConfiguration() {
        Map<String, ServerConfig> servers = new HashMap<>(Map.of("kv", ServerConfig.of("resp", 1)));
        SolasterConfig config = Changed.with(SolasterConfig.defaults(), "servers", servers);
        servers.clear();
        assertThat(config.servers()).hasSize(1).isUnmodifiable();
    }

    @Test
    void passwordsOfPoolsReachNoLog() {
        PoolConfig pool = Changed.with(PoolConfig.of(PoolConfig.Protocol.RESP, EndpointConfig.valueOf("a:1")), "resp",
                new RespConfig(3, "me", "secret", 0, null, 64), "proxy",
                new ProxyConfig(ProxyConfig.Type.HTTP, "p:1", "me", "secret",
                        ProxyConfig.ProxyProtocol.NONE));
        assertThat(SolasterConfig.defaults().withPools(Map.of("orders", pool)).toString()).contains("password=******")
                .doesNotContain("secret");
    }

    @Test
    void anEndpointTellsItsAddressAndWhatIsNotOrdinary() {
        assertThat(EndpointConfig.valueOf("a:1")).hasToString("a:1");
        assertThat(new EndpointConfig("a:1", 2, 1, "east", 0))
                .hasToString("a:1 (weight 2, priority 1, zone east, NUMA node 0)");
    }

    @ParameterizedTest
    @CsvSource({"512, 512, 512B", "64KB, 65536, 64KB", "64 mb, 67108864, 64MB", "2GB, 2147483648, 2GB", "0, 0, 0B",
            "1536KB, 1572864, 1536KB", "1025B, 1025, 1025B", "8388607TB, 9223370937343148032, 8388607TB"})
    void sizesAreReadAndPrinted(String written, long bytes, String printed) {
        assertThat(ByteSize.valueOf(written)).isEqualTo(new ByteSize(bytes)).hasToString(printed);
        assertThat(ByteSize.valueOf(written).intBytes()).isEqualTo((int) Math.min(bytes, Integer.MAX_VALUE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "MB", "-1", "1.5GB", "64KiB", "big", "8388608TB", "99999999999999999999"})
    void whatIsNoSizeIsRefusedWithAFix(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> ByteSize.valueOf(text))
                .withMessageMatching("'" + text + "' is .+; (write|give) .+");
        assertThatIllegalArgumentException().isThrownBy(() -> new ByteSize(-1));
    }

    @Test
    void everySizeIsReadBackFromWhatItPrints() {
        Random random = new Random(7);
        for (int i = 0; i < 1_000; i++) {
            ByteSize size = new ByteSize(
                    random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63) & -1L << random.nextInt(40));
            assertThat(ByteSize.valueOf(size.toString())).isEqualTo(size).isEqualByComparingTo(size);
        }
    }

    @ParameterizedTest
    @CsvSource({"auto, auto", "AUTO, auto", "1, 1", "' 64 ', 64"})
    void numbersOfShardsAreReadAndPrinted(String written, String printed) {
        assertThat(ShardCount.valueOf(written)).hasToString(printed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-2", "", "1.5", "many", "9999999999"})
    void whatIsNoNumberOfShardsIsRefusedWithAFix(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> ShardCount.valueOf(text))
                .withMessage("'" + text + "' is no number of shards; give a number from 1, or 'auto'");
        assertThatIllegalArgumentException().isThrownBy(() -> new ShardCount(-1));
    }

    @ParameterizedTest
    @CsvSource({"PT0S, 0s", "PT0.0005S, 500us", "PT0.02S, 20ms", "PT90S, 90s", "PT5M, 5m", "PT48H, 2d",
            "PT0.000000001S, 1ns", "PT-1S, -1s", "P106751991167300D, 106751991167300d"})
    void durationsArePrintedAsTheyAreWritten(Duration duration, String printed) {
        assertThat(Wording.print(duration)).isEqualTo(printed);
    }

    @Test
    void anExceptionHasAtLeastOneViolation() {
        assertThatIllegalArgumentException().isThrownBy(() -> new InvalidConfigException(List.of()));
    }
}
