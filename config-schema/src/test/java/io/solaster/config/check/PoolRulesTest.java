package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

import io.solaster.config.Changed;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Jvm;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.RecordedMachines;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/** What can be wrong with a pool is told with the key, the value and the fix. */
class PoolRulesTest {

    @Test
    void whatIsRightIsTaken() {
        assertThat(check("endpoints=a:1,[::1]:2,10.0.0.1:65535")).isEmpty();
        assertThat(check("discovery.type=dns, discovery.name=orders.example, discovery.port=80")).isEmpty();
        assertThat(check("discovery.type=srv, discovery.name=_http._tcp.orders")).isEmpty();
        assertThat(check("connections.max=4")).as("what is not written gives way").isEmpty();
        assertThat(check("connections.max-lifetime=30s")).as("what is not written gives way").isEmpty();
        assertThat(check("requests.timeout=0s, requests.try-timeout=1h")).as("0 is no bound").isEmpty();
        assertThat(check("http.version=HTTP_2, health.check.type=tcp")).isEmpty();
        assertThat(check("balancing.bounded-load=0, balancing.slow-start=30s")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            endpoints[0].weight=2                      | endpoints[0].address | nothing is given
            endpoints[0]=orders                        | endpoints[0].address | 'orders' has no port; write 'orders:8080', or its port
            endpoints[0]=orders:0                      | endpoints[0].address | '0' is no port; write one from 1 to 65535
            endpoints[0]=orders:http                   | endpoints[0].address | 'http' is no port
            endpoints[0]=:80                           | endpoints[0].address | ':80' has no host
            endpoints[0]=::1:80                        | endpoints[0].address | '::1:80' may be an IPv6 address
            endpoints[0]=[::1]                         | endpoints[0].address | '[::1]' may be an IPv6 address
            endpoints[0]=http://orders:80              | endpoints[0].address | 'http://orders:80' is no host and port
            endpoints[0]=a:1, endpoints[1]=A:1         | endpoints[1].address | 'A:1' is written twice
            endpoints[0].address=a:1, endpoints[0].weight=0 | endpoints[0].weight | 0 is out of range
            discovery.type=dns, discovery.port=1       | discovery.name | nothing is given; write the host name
            discovery.type=kubernetes                  | discovery.name | nothing is given; write the Kubernetes Service
            discovery.type=dns, discovery.name=a       | discovery.port | addresses in DNS have no port
            discovery.name=a                           | discovery.type | 'a' is asked of nobody
            discovery.namespace=shop                   | discovery.namespace | only type 'kubernetes' has namespaces
            discovery.min-refresh=1m                   | discovery.min-refresh | 1m is more than refresh (30s)
            discovery.refresh=0s                       | discovery.refresh | 0s is out of range
            balancing.bounded-load=0.5                 | balancing.bounded-load | 0.5 is out of range
            balancing.decay=0s                         | balancing.decay | 0s is out of range
            connections.max-per-shard=300              | connections.max-per-shard | 300 connections are more than max (256)
            connections.max-per-endpoint=100           | connections.max-per-endpoint | 100 connections are more than max-per-shard (64)
            connections.min-idle=17                    | connections.min-idle | 17 connections are more than max-per-endpoint (16)
            connections.max-idle=1h                    | connections.max-idle | 1h is more than max-lifetime (30m)
            connections.acquire-timeout=0s             | connections.acquire-timeout | 0s is out of range
            connections.max=0                          | connections.max | 0 is out of range
            requests.try-timeout=11s                   | requests.try-timeout | 11s is more than timeout (10s)
            requests.hedge-after=2s, requests.try-timeout=1s | requests.hedge-after | 2s is more than try-timeout (1s)
            requests.backoff=2s                        | requests.backoff | 2s is more than max-backoff (1s)
            requests.retry-budget=-1                   | requests.retry-budget | -1.0 is out of range
            requests.hedge-percentile=0.99             | requests.hedge-percentile | 0.99 is out of range
            requests.retry-budget=NaN                  | requests.retry-budget | NaN is out of range
            health.check.min-status=400                | health.check.min-status | 400 is more than max-status (399)
            health.check.path=health                   | health.check.path | 'health' is no path
            health.check.type=resp                     | health.check.type | endpoints that speak 'http' are asked in 'resp'
            health.check.type=tls                      | health.check.type | connections of this pool are not encrypted
            health.check.interval=1ms                  | health.check.interval | 1ms is out of range
            health.outliers.ejection=10m               | health.outliers.ejection | 10m is more than max-ejection (5m)
            health.outliers.latency-factor=1           | health.outliers.latency-factor | 1.0 is out of range
            health.outliers.success-deviations=-1      | health.outliers.success-deviations | -1.0 is out of range
            health.panic-threshold=101                 | health.panic-threshold | 101 is out of range
            health.breaker.open-for=0s                 | health.breaker.open-for | 0s is out of range
            ssl.enabled=false, ssl.bundle=b            | ssl.enabled | the bundle 'b' is given and not used
            ssl.server-name=b                          | ssl.enabled | the server name 'b' is given
            proxy.type=http                            | proxy.address | nothing is given
            proxy.address=p:1                          | proxy.type | 'p:1' is given and not used
            proxy.type=http, proxy.address=p           | proxy.address | 'p' has no port
            proxy.type=http, proxy.address=p:1, proxy.password=secret | proxy.username | a password is given, and nobody
            proxy.type=http, proxy.address=p:1, proxy.username=me | proxy.password | a username is given, and no password
            protocol=resp, resp.username=me            | resp.password | a username is given, and no password
            protocol=resp, resp.client-name=a b        | resp.client-name | 'a b' is no name that Redis takes
            protocol=tcp, http.version=http-2          | protocol | what is written below solaster.pools.orders.http holds only for
            http.version=http-2, health.check.type=http | health.check.type | endpoints are checked over HTTP/1.1
            http.host=http://x                         | http.host | 'http://x' is no host
            balancing.key=X-Tenant                     | balancing.key | 'X-Tenant' is no source of keys
            balancing.key=header:X-Tenant              | balancing.key | 'peak-ewma' does not go by keys
            protocol=resp, balancing.key=header:X      | balancing.key | only requests of HTTP have headers
            resp.password=secret                       | protocol | what is written below solaster.pools.orders.resp holds only for
            """)
    void whatIsWrongIsToldByItsKey(String properties, String key, String message) {
        assertThat(check(properties)).singleElement().satisfies(violation -> {
            assertThat(violation.key()).isEqualTo("solaster.pools.orders." + key);
            assertThat(violation.reason() + "; " + violation.fix()).startsWith(message).doesNotContain("secret");
            assertThat(violation.fix()).isNotBlank();
        });
    }

    @Test
    void aNameMayStandInAUrl() {
        PoolConfig pool = PoolConfig.of(PoolConfig.Protocol.HTTP, EndpointConfig.valueOf("a:1"));
        assertThat(ConfigValidator.check(SolasterConfig.defaults().withPools(Map.of("userService", pool)))).isEmpty();
        assertThat(ConfigValidator.check(SolasterConfig.defaults().withPools(Map.of("a_b", pool))))
                .extracting(Violation::reason).containsExactly("'a_b' cannot name a pool");
    }

    @Test
    void aPoolWithoutEndpointsHasThemFromElsewhere() {
        SolasterConfig config = SolasterConfig.defaults()
                .withPools(Map.of("orders", PoolConfig.of(PoolConfig.Protocol.HTTP)));
        assertThat(ConfigValidator.checkEndpoints(config, List.of())).extracting(Violation::toString)
                .containsExactly(
                        "solaster.pools.orders.endpoints: nothing is given; write where connections go, such as"
                                + " 'orders.example:8080', or what finds it below solaster.pools.orders.discovery");
        assertThat(ConfigValidator.checkEndpoints(config, List.of("orders"))).isEmpty();
    }

    @Test
    void connectionsNeedOpenFilesToo() {
        Machine recorded = RecordedMachines.eightThreadsOfFourCores();
        Machine machine = new Machine(recorded.online(), recorded.allowed(), recorded.isolated(), recorded.cores(),
                recorded.l3Groups(), recorded.numaNodes(), recorded.cpuQuota(), OptionalLong.empty(), 11_000, 1 << 30);
        SolasterConfig config = Changed.with(SolasterConfig.defaults(), "servers",
                Map.of("kv", ServerConfig.of("resp", 1)));
        PoolConfig pool = PoolConfig.of(PoolConfig.Protocol.HTTP, EndpointConfig.valueOf("a:1"));
        pool = pool.withConnections(pool.connections().withBounds(2_000, 64, 16));
        Jvm jvm = new Jvm(1 << 28, "6.18.5");
        assertThat(ConfigValidator.check(config, machine, jvm)).isEmpty();
        assertThat(ConfigValidator.check(config.withPools(Map.of("orders", pool)), machine, jvm))
                .extracting(Violation::key).containsExactly("solaster.servers.kv.limits.max-connections");
    }

    private static List<Violation> check(String properties) {
        Map<String, String> map = new HashMap<>();
        Arrays.stream(properties.split(", ")).map(each -> each.split("=", 2))
                .forEach(each -> map.put("solaster.pools.orders." + each[0], each[1]));
        return ConfigBinder.read(new Binder(new MapConfigurationPropertySource(map))).violations();
    }
}
