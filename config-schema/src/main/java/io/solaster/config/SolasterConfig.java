package io.solaster.config;

import java.util.Map;

import jakarta.validation.Valid;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Everything below {@code solaster.*}. Read it with {@link ConfigBinder}.
 *
 * @param enabled whether Solaster starts at all
 * @param engine the shards and how they run
 * @param servers servers by name, each listening on every shard
 */
@ConfigurationProperties("solaster")
public record SolasterConfig(@DefaultValue("true") boolean enabled, @Valid @DefaultValue EngineConfig engine,
        @Valid @DefaultValue Map<String, ServerConfig> servers) {}
