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
 * @param health what is told of an engine's health
 * @param metrics what is measured beyond the ordinary
 * @param contextPropagation what calls between shards take along
 */
@ConfigurationProperties("solaster")
public record SolasterConfig(@DefaultValue("true") boolean enabled,
        @NestedConfigurationProperty @Valid @DefaultValue EngineConfig engine,
        @DefaultValue Map<String, @Valid ServerConfig> servers,
        @NestedConfigurationProperty @Valid @DefaultValue HealthConfig health,
        @NestedConfigurationProperty @Valid @DefaultValue MetricsConfig metrics,
        @NestedConfigurationProperty @DefaultValue ContextPropagationConfig contextPropagation) {

    public SolasterConfig {
        // Not Map.copyOf: servers start, and are reported, in the order in which they were written.
        servers = Collections.unmodifiableMap(new LinkedHashMap<>(servers));
    }

    /** An engine and servers; the rest as an empty configuration gives it. */
    public static SolasterConfig of(EngineConfig engine, Map<String, ServerConfig> servers) {
        return new SolasterConfig(true, engine, servers, HealthConfig.defaults(), MetricsConfig.defaults(),
                ContextPropagationConfig.defaults());
    }

    /** What an empty configuration gives: an engine, and no server. */
    public static SolasterConfig defaults() {
        return of(EngineConfig.defaults(), Map.of());
    }
}
