package io.solaster.config.pool;

import java.util.List;

import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One pool of client connections: where they go, how they are spread, and how many there may be. What editors say of
 * its choices stands in {@code META-INF/spring/configuration-metadata/additional}.
 *
 * @param protocol what the endpoints speak
 * @param endpoints where the connections go; none where discovery finds them
 * @param discovery what finds endpoints, beside those that are named
 * @param balancing which endpoint takes the next request
 * @param connections how many connections there are, and for how long
 * @param requests what holds for one request: its time, its retries
 * @param health how endpoints are found to be sick, and well again
 * @param ssl how connections are encrypted
 * @param proxy what stands between us and the endpoints
 * @param http what holds where the protocol is 'http'
 * @param resp what holds where the protocol is 'resp'
 */
@ConfigurationPropertiesSource
public record PoolConfig(@DefaultValue("http") Protocol protocol,
        @Reloadable @DefaultValue List<EndpointConfig> endpoints,
        @NestedConfigurationProperty @DefaultValue DiscoveryConfig discovery,
        @Reloadable @NestedConfigurationProperty @DefaultValue BalancingConfig balancing,
        @Reloadable @NestedConfigurationProperty @DefaultValue ConnectionsConfig connections,
        @Reloadable @NestedConfigurationProperty @DefaultValue RequestsConfig requests,
        @Reloadable @NestedConfigurationProperty @DefaultValue PoolHealthConfig health,
        @NestedConfigurationProperty @DefaultValue SslConfig ssl,
        @NestedConfigurationProperty @DefaultValue ProxyConfig proxy,
        @NestedConfigurationProperty @DefaultValue PoolHttpConfig http,
        @NestedConfigurationProperty @DefaultValue RespConfig resp) {

    public PoolConfig {
        endpoints = List.copyOf(endpoints);
    }

    /** What an empty configuration gives, for these endpoints. */
    public static PoolConfig of(Protocol protocol, EndpointConfig... endpoints) {
        return new PoolConfig(protocol, List.of(endpoints), DiscoveryConfig.defaults(),
                BalancingConfig.defaults(), ConnectionsConfig.defaults(), RequestsConfig.defaults(),
                PoolHealthConfig.defaults(), SslConfig.defaults(), ProxyConfig.defaults(),
                PoolHttpConfig.defaults(), RespConfig.defaults());
    }

    /** This with other endpoints. */
    public PoolConfig withEndpoints(List<EndpointConfig> newEndpoints) {
        return new PoolConfig(protocol, newEndpoints, discovery, balancing, connections, requests, health, ssl, proxy,
                http, resp);
    }

    /** This with another way to find endpoints. */
    public PoolConfig withDiscovery(DiscoveryConfig newDiscovery) {
        return new PoolConfig(protocol, endpoints, newDiscovery, balancing, connections, requests, health, ssl, proxy,
                http, resp);
    }

    /** This with another balancing. */
    public PoolConfig withBalancing(BalancingConfig newBalancing) {
        return new PoolConfig(protocol, endpoints, discovery, newBalancing, connections, requests, health, ssl, proxy,
                http, resp);
    }

    /** This with other connections. */
    public PoolConfig withConnections(ConnectionsConfig newConnections) {
        return new PoolConfig(protocol, endpoints, discovery, balancing, newConnections, requests, health, ssl, proxy,
                http, resp);
    }

    /** This with another encryption. */
    public PoolConfig withSsl(SslConfig newSsl) {
        return new PoolConfig(protocol, endpoints, discovery, balancing, connections, requests, health, newSsl, proxy,
                http, resp);
    }

    /** This with other settings of HTTP. */
    public PoolConfig withHttp(PoolHttpConfig newHttp) {
        return new PoolConfig(protocol, endpoints, discovery, balancing, connections, requests, health, ssl, proxy,
                newHttp, resp);
    }

    /** What endpoints speak. */
    public enum Protocol {
        /** HTTP, of the version that {@code http.version} says. */
        HTTP,
        /** Redis's protocol, many requests under way on a connection. */
        RESP,
        /** Frames with their length before them. */
        TCP
    }
}
