package io.solaster.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import jakarta.validation.Valid;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Everything below {@code solaster.*}. Read it with {@link ConfigBinder}.
 *
 * @param enabled whether Solaster starts at all
 * @param engine the shards and how they run
 * @param servers servers by name, each listening on every shard
 * @param libraries the application's Netty libraries that run on the shards
 * @param health what is told of an engine's health
 * @param metrics what is measured beyond the ordinary
 * @param contextPropagation what calls between shards take along
 */
@ConfigurationProperties("solaster")
public record SolasterConfig(@DefaultValue("true") boolean enabled,
        @NestedConfigurationProperty @Valid @DefaultValue EngineConfig engine,
        @DefaultValue Map<String, @Valid ServerConfig> servers,
        @NestedConfigurationProperty @Valid @DefaultValue LibrariesConfig libraries,
        @NestedConfigurationProperty @Valid @DefaultValue HealthConfig health,
        @NestedConfigurationProperty @Valid @DefaultValue MetricsConfig metrics,
        @NestedConfigurationProperty @Valid @DefaultValue ContextPropagationConfig contextPropagation) {

    public SolasterConfig {
        // Not Map.copyOf: servers start, and are reported, in the order in which they were written.
        servers = Collections.unmodifiableMap(new LinkedHashMap<>(servers));
    }

    /** What an empty configuration gives: an engine, and no server. */
    public static SolasterConfig defaults() {
        return new SolasterConfig(true, EngineConfig.defaults(), Map.of(), LibrariesConfig.defaults(),
                HealthConfig.defaults(), MetricsConfig.defaults(), ContextPropagationConfig.defaults());
    }

    /** This with another engine. */
    public SolasterConfig withEngine(EngineConfig newEngine) {
        return new SolasterConfig(enabled, newEngine, servers, libraries, health, metrics, contextPropagation);
    }

    /** This with other servers. */
    public SolasterConfig withServers(Map<String, ServerConfig> newServers) {
        return new SolasterConfig(enabled, engine, newServers, libraries, health, metrics, contextPropagation);
    }
}
