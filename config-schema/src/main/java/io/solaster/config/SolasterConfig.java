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
 * @param contextPropagation what calls between shards take along
 */
@ConfigurationProperties("solaster")
public record SolasterConfig(@DefaultValue("true") boolean enabled,
        @NestedConfigurationProperty @Valid @DefaultValue EngineConfig engine,
        @DefaultValue Map<String, @Valid ServerConfig> servers,
        @NestedConfigurationProperty @DefaultValue ContextPropagationConfig contextPropagation) {

    public SolasterConfig {
        // Not Map.copyOf: servers start, and are reported, in the order in which they were written.
        servers = Collections.unmodifiableMap(new LinkedHashMap<>(servers));
    }

    /** What an empty configuration gives: an engine, and no server. */
    public static SolasterConfig defaults() {
        return new SolasterConfig(true, EngineConfig.defaults(), Map.of(), ContextPropagationConfig.defaults());
    }
}
