package io.solaster.boot.actuate.meters;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.config.MeterFilter;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import io.solaster.boot.SolasterHttpAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.log.SolasterLogAutoConfiguration;
import io.solaster.boot.pool.SolasterPoolsAutoConfiguration;
import io.solaster.boot.streams.SolasterStreamsAutoConfiguration;
import io.solaster.boot.streams.SolasterTopicListenersAutoConfiguration;
import io.solaster.boot.web.SolasterWebAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSockets;
import io.solaster.log.Log;
import io.solaster.spring.HttpServerListener;
import io.solaster.spring.pool.Pools;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.UdpLifecycle;
import io.solaster.spring.shard.ShardSchedules;
import io.solaster.spring.topic.TopicListeners;
import io.solaster.spring.web.WebFluxSockets;
import io.solaster.store.Store;
import io.solaster.streams.Streams;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.converter.MessageConverter;

/** Meters of shards, scheduling groups, servers, store and topics, where there is a registry for them. */
@AutoConfiguration(after = {SolasterAutoConfiguration.class, SolasterBeansAutoConfiguration.class,
        SolasterStoreAutoConfiguration.class, SolasterLogAutoConfiguration.class,
        SolasterStreamsAutoConfiguration.class, SolasterTopicListenersAutoConfiguration.class,
        SolasterHttpAutoConfiguration.class, SolasterWebAutoConfiguration.class,
        SolasterPoolsAutoConfiguration.class}, afterName = {
                "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration"})
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({Engine.class, MeterRegistry.class})
public final class SolasterMetricsAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "solasterShardMeters")
    MeterBinder solasterShardMeters(Engine engine) {
        return new ShardMeters(engine);
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterGroupMeters")
    MeterBinder solasterGroupMeters(Engine engine) {
        return new GroupMeters(engine);
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterMeshMeters")
    MeterBinder solasterMeshMeters(Engine engine, ObjectProvider<SolasterConfig> config) {
        SolasterConfig known = config.getIfAvailable(SolasterConfig::defaults);
        return new MeshMeters(engine, known.metrics().shardPairs());
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterMemoryMeters")
    MeterBinder solasterMemoryMeters(Engine engine) {
        return new MemoryMeters(engine);
    }

    @Bean
    @ConditionalOnBean(ServerLifecycle.class)
    @ConditionalOnMissingBean(name = "solasterRequestMeters")
    MeterBinder solasterRequestMeters(Engine engine, ServerLifecycle servers, ObjectProvider<MeterFilter> filters) {
        return new RequestMeters(engine, servers, new HistogramTimers(filters.orderedStream().toList()));
    }

    @Bean
    @ConditionalOnBean(ServerLifecycle.class)
    @ConditionalOnMissingBean(name = "solasterServerMeters")
    MeterBinder solasterServerMeters(Engine engine, ServerLifecycle servers) {
        return new ServerMeters(engine, servers);
    }

    @Bean
    @ConditionalOnBean(UdpLifecycle.class)
    @ConditionalOnMissingBean(name = "solasterUdpMeters")
    MeterBinder solasterUdpMeters(Engine engine, UdpLifecycle servers) {
        return new UdpMeters(engine, servers);
    }

    @Bean
    @ConditionalOnBean(ServerLifecycle.class)
    @ConditionalOnMissingBean(name = "solasterTlsMeters")
    MeterBinder solasterTlsMeters(Engine engine, ServerLifecycle servers) {
        return new TlsMeters(engine, servers);
    }

    @Bean
    @ConditionalOnBean(ConfigReloader.class)
    @ConditionalOnMissingBean(name = "solasterReloadMeters")
    MeterBinder solasterReloadMeters(Engine engine, ConfigReloader reloader) {
        return new ReloadMeters(engine, reloader);
    }

    @Bean
    @ConditionalOnBean(ShardSchedules.class)
    @ConditionalOnMissingBean(name = "solasterScheduleMeters")
    MeterBinder solasterScheduleMeters(Engine engine, ShardSchedules schedules) {
        return new ScheduleMeters(engine, schedules);
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Log.class)
    @ConditionalOnBean(Log.class)
    static final class LogMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterLogMeters")
        MeterBinder solasterLogMeters(Map<String, Log> logs) {
            return new LogMeters(logs.values().stream().collect(Collectors.toMap(Log::name, log -> log::stats)));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Streams.class)
    @ConditionalOnBean(Streams.class)
    static final class StreamsMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterTopicMeters")
        MeterBinder solasterTopicMeters(Streams streams) {
            return new TopicMeters(streams.topics());
        }

        @Bean
        @ConditionalOnMissingBean(name = "solasterTopicLogMeters")
        MeterBinder solasterTopicLogMeters(Streams streams) {
            return new LogMeters(streams.topics().stream()
                    .collect(Collectors.toMap(topic -> "topic-" + topic.name(), topic -> topic::logStats)));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({Streams.class, MessageConverter.class})
    @ConditionalOnBean(TopicListeners.class)
    static final class ListenerMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterListenerMeters")
        MeterBinder solasterListenerMeters(TopicListeners listeners) {
            return new ListenerMeters(listeners);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Store.class)
    @ConditionalOnBean(Store.class)
    static final class StoreMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterStoreMeters")
        MeterBinder solasterStoreMeters(Store store) {
            return new StoreMeters(store);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Pools.class)
    @ConditionalOnBean(Pools.class)
    static final class PoolMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterPoolMeters")
        MeterBinder solasterPoolMeters(Engine engine, Pools pools, ObjectProvider<MeterFilter> filters) {
            return new PoolMeters(engine, pools, new HistogramTimers(filters.orderedStream().toList()));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(HttpProtocol.class)
    static final class HttpMetricsConfiguration {

        @Bean
        @ConditionalOnMissingBean(name = "solasterRouteMeters")
        HttpServerListener solasterRouteMeters(Engine engine, MeterRegistry registry,
                ObjectProvider<MeterFilter> filters) {
            return new RouteMeters(engine, registry, new HistogramTimers(filters.orderedStream().toList()));
        }

        @Bean
        @ConditionalOnMissingBean(name = "solasterHttpMeters")
        HttpServerListener solasterHttpMeters(Engine engine, MeterRegistry registry) {
            return new HttpMeters(engine.name(), registry);
        }

        @Bean
        @ConditionalOnBean(WebSockets.class)
        @ConditionalOnMissingBean(name = "solasterWebSocketMeters")
        MeterBinder solasterWebSocketMeters(ObjectProvider<WebSockets> sockets, ObjectProvider<WebFluxSockets> webFlux,
                Engine engine) {
            return new WebSocketMeters(Stream.concat(sockets.stream(), webFlux.stream().map(WebFluxSockets::sockets))
                    .toList(), engine.name());
        }
    }
}
