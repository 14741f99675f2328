package io.solaster.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.config.log.LogConfig;
import io.solaster.config.plugin.PluginsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.topic.StreamsConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Everything below {@code solaster.*}. Read it with {@link io.solaster.config.check.ConfigBinder}.
 *
 * @param enabled whether Solaster starts at all
 * @param strict whether warnings about the configuration are errors
 * @param validate whether to check the configuration, print what is wrong and exit with 0 or 1, starting nothing
 * @param reload how changed configuration files take effect while the application runs
 * @param engine the shards and how they run
 * @param servers servers by name, each listening on every shard
 * @param udp servers of datagrams by name, each with a socket on every shard
 * @param pools pools of client connections by name
 * @param logs append logs on the disk by name, each with files for every shard
 * @param streams what all topics have in common
 * @param topics entries on the disk that groups of consumers take, by name, each in partitions over the shards
 * @param plugins code that looks at messages of topics, and changes while the process runs
 * @param store the store of keys that RESP servers stand before
 * @param web who serves the application's WebFlux
 * @param libraries the application's Netty libraries that run on the shards
 * @param health what is told of an engine's health
 * @param metrics what is measured beyond the ordinary
 * @param contextPropagation what calls between shards take along
 * @param tracing spans of requests and of calls between shards
 */
@ConfigurationProperties("solaster")
public record SolasterConfig(@DefaultValue("true") boolean enabled, @Reloadable @DefaultValue("false") boolean strict,
        @DefaultValue("false") boolean validate,
        @NestedConfigurationProperty @DefaultValue ReloadConfig reload,
        @NestedConfigurationProperty @DefaultValue EngineConfig engine,
        @DefaultValue Map<String, ServerConfig> servers,
        @DefaultValue Map<String, UdpConfig> udp,
        @DefaultValue Map<String, PoolConfig> pools,
        @DefaultValue Map<String, LogConfig> logs,
        @NestedConfigurationProperty @DefaultValue StreamsConfig streams,
        @DefaultValue Map<String, TopicConfig> topics,
        @NestedConfigurationProperty @DefaultValue PluginsConfig plugins,
        @NestedConfigurationProperty @DefaultValue StoreConfig store,
        @NestedConfigurationProperty @DefaultValue WebConfig web,
        @NestedConfigurationProperty @DefaultValue LibrariesConfig libraries,
        @NestedConfigurationProperty @DefaultValue HealthConfig health,
        @NestedConfigurationProperty @DefaultValue MetricsConfig metrics,
        @NestedConfigurationProperty @DefaultValue ContextPropagationConfig contextPropagation,
        @NestedConfigurationProperty @DefaultValue TracingConfig tracing) {

    public SolasterConfig {
        // Not Map.copyOf: servers start, and are reported, in the order in which they were written.
        servers = Collections.unmodifiableMap(new LinkedHashMap<>(servers));
        udp = Collections.unmodifiableMap(new LinkedHashMap<>(udp));
        pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
        logs = Collections.unmodifiableMap(new LinkedHashMap<>(logs));
        topics = Collections.unmodifiableMap(new LinkedHashMap<>(topics));
    }

    /** What an empty configuration gives: an engine, and no server. */
    public static SolasterConfig defaults() {
        return new SolasterConfig(true, false, false, ReloadConfig.defaults(), EngineConfig.defaults(), Map.of(),
                Map.of(), Map.of(), Map.of(), StreamsConfig.defaults(), Map.of(), PluginsConfig.defaults(),
                StoreConfig.defaults(),
                WebConfig.defaults(), LibrariesConfig.defaults(), HealthConfig.defaults(), MetricsConfig.defaults(),
                ContextPropagationConfig.defaults(), TracingConfig.defaults());
    }

    /** This with another engine. */
    public SolasterConfig withEngine(EngineConfig newEngine) {
        return new SolasterConfig(enabled, strict, validate, reload, newEngine, servers, udp, pools, logs, streams,
                topics, plugins,
                store, web,
                libraries,
                health, metrics, contextPropagation, tracing);
    }

    /** This with other logs. */
    public SolasterConfig withLogs(Map<String, LogConfig> newLogs) {
        return new SolasterConfig(enabled, strict, validate, reload, engine, servers, udp, pools, newLogs, streams,
                topics, plugins,
                store, web,
                libraries,
                health, metrics, contextPropagation, tracing);
    }

    /** This with other pools. */
    public SolasterConfig withPools(Map<String, PoolConfig> newPools) {
        return new SolasterConfig(enabled, strict, validate, reload, engine, servers, udp, newPools, logs, streams,
                topics, plugins,
                store, web,
                libraries,
                health, metrics, contextPropagation, tracing);
    }

    /** This with other plug-ins. */
    public SolasterConfig withPlugins(PluginsConfig newPlugins) {
        return new SolasterConfig(enabled, strict, validate, reload, engine, servers, udp, pools, logs, streams, topics,
                newPlugins,
                store,
                web, libraries, health, metrics, contextPropagation, tracing);
    }

    /** This with other topics, and another directory for those that name none. */
    public SolasterConfig withTopics(StreamsConfig newStreams, Map<String, TopicConfig> newTopics) {
        return new SolasterConfig(enabled, strict, validate, reload, engine, servers, udp, pools, logs, newStreams,
                newTopics, plugins, store, web, libraries, health, metrics, contextPropagation, tracing);
    }

    /** The topics, each in the directory that it has. */
    public Map<String, TopicConfig> placedTopics() {
        Map<String, TopicConfig> placed = new LinkedHashMap<>();
        topics.forEach((name, topic) -> placed.put(name, streams.place(name, topic)));
        return placed;
    }
}
