package io.solaster.config;

import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.server.TlsConfig;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who serves the application's WebFlux, and what Spring Boot's {@code server.*} has no key for.
 *
 * @param server who serves WebFlux: 'solaster' has HTTP on the shards do it, 'none' leaves it to Spring Boot's choice,
 *            such as Reactor Netty, which runs on the shards too
 * @param group the scheduling group that its connections run in
 * @param maxConnections clients connected at once, over all shards
 * @param backlog connections that may wait to be accepted, per shard
 * @param shardPorts the first of a row of ports, one for each shard, beside the port; 0 for none
 * @param distribution how connections come to shards
 * @param socket what the kernel is told of its connections
 * @param tls how connections are encrypted, where {@code server.ssl} has a bundle
 * @param http what one client may take; where {@code server.*} says something else, that holds
 */
public record WebConfig(@DefaultValue("none") Server server, @DefaultValue("default") String group,
        @DefaultValue("10000") @Range(min = 1) int maxConnections,
        @DefaultValue("1024") @Range(min = 1) int backlog,
        @DefaultValue("0") @Range(min = 0, max = 65535) int shardPorts,
        @DefaultValue("reuseport") Distribution distribution,
        @NestedConfigurationProperty @DefaultValue SocketConfig socket,
        @NestedConfigurationProperty @DefaultValue TlsConfig tls,
        @NestedConfigurationProperty @DefaultValue HttpConfig http) {

    /** What an empty configuration gives: Solaster serves no WebFlux. */
    public static WebConfig defaults() {
        return new WebConfig(Server.NONE, "default", 10_000, 1024, 0, Distribution.REUSEPORT, SocketConfig.defaults(),
                TlsConfig.defaults(), HttpConfig.defaults());
    }

    /** Who serves WebFlux. */
    public enum Server {
        /** Spring Boot's choice: an application is not to get another server because of what is on its class path. */
        NONE,
        /** HTTP on the shards. */
        SOLASTER
    }
}
