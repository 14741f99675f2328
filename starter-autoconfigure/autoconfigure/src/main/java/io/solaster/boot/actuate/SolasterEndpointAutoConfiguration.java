package io.solaster.boot.actuate;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigCheck;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.server.ServerLifecycle;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.actuate.endpoint.web.PathMapper;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.http.client.ReactorResourceFactory;

/** The endpoints {@code shards}, {@code solasterconfig} and {@code solaster}, where Actuator is there and exposes them. */
@AutoConfiguration(after = {SolasterAutoConfiguration.class, SolasterWatchAutoConfiguration.class})
@ConditionalOnClass({ConditionalOnAvailableEndpoint.class, SanitizingFunction.class})
@ConditionalOnBean({Engine.class, ShardReporter.class, SolasterAvailability.class})
public final class SolasterEndpointAutoConfiguration {

    /** Apart, since its conditions are looked for even without Actuator. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ConditionalOnAvailableEndpoint.class, SanitizingFunction.class})
    @EnableConfigurationProperties(SolasterConfigEndpointProperties.class)
    static final class Endpoints {

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        ShardsEndpoint shardsEndpoint(Engine engine, SolasterConfig config, ServerLifecycle servers,
                ShardReporter reporter, SolasterAvailability availability, ObjectProvider<ConfigReloader> reloader) {
            return new ShardsEndpoint(engine, servers, reporter, availability,
                    SolasterWatchAutoConfiguration.live(reloader, config)
                            .map(live -> live.engine().shutdownTimeout()));
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnBean(ShardsEndpoint.class)
        @ConditionalOnAvailableEndpoint
        ShardsEndpointWebExtension shardsEndpointWebExtension(ShardsEndpoint endpoint) {
            return new ShardsEndpointWebExtension(endpoint);
        }

        @Bean
        @ConditionalOnMissingBean
        ConfigView solasterConfigView(SolasterConfig config, Environment environment,
                ObjectProvider<ConfigReloader> reloader, ObjectProvider<SanitizingFunction> sanitizing,
                ObjectProvider<ConfigReloads> reloads, ObjectProvider<ConfigCheck> check) {
            return new ConfigView(SolasterWatchAutoConfiguration.live(reloader, config)::get, environment,
                    new Sanitizer(sanitizing.orderedStream().toList()), reloads,
                    check.getIfAvailable(ConfigCheck::new));
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        SolasterConfigEndpoint solasterConfigEndpoint(ConfigView view, SolasterConfigEndpointProperties properties) {
            return new SolasterConfigEndpoint(view, properties.showValues());
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnBean(SolasterConfigEndpoint.class)
        @ConditionalOnAvailableEndpoint
        SolasterConfigEndpointWebExtension solasterConfigEndpointWebExtension(SolasterConfigEndpoint endpoint,
                SolasterConfigEndpointProperties properties) {
            return new SolasterConfigEndpointWebExtension(endpoint, properties.showValues(), properties.roles());
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        SolasterPageEndpoint solasterPageEndpoint(Engine engine, ShardReporter reporter, ConfigView view,
                SolasterConfigEndpointProperties properties, ObjectProvider<PathMapper> paths) {
            return new SolasterPageEndpoint(engine, reporter, new SolasterConfigEndpointWebExtension(
                    new SolasterConfigEndpoint(view, properties.showValues()), properties.showValues(),
                    properties.roles()), () -> {
                        String path = PathMapper.getRootPath(paths.orderedStream().toList(), EndpointId.of("solaster"));
                        return path.substring(path.lastIndexOf('/') + 1);
                    });
        }
    }

    /** Where Reactor Netty may serve WebFlux, and so the shards may. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ManagementPortType.class, NettyWebServer.class, ReactiveWebServerApplicationContext.class,
            ReactorResourceFactory.class})
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static final class Reactive {

        @Bean
        @ConditionalOnMissingBean
        SharedPortWarning solasterSharedPortWarning(Engine engine, ObjectProvider<ReactorResourceFactory> resources) {
            return new SharedPortWarning(engine, resources);
        }
    }
}
