package io.solaster.boot.netty;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.spring.ShardSchedulers;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.http.HttpResources;
import reactor.netty.resources.LoopResources;

/**
 * Hands the shards to Reactor Netty. Spring Boot builds WebFlux's server and WebClient on a {@link ReactorResourceFactory}:
 * this one stands before Boot's. Reactor Netty's global resources are left alone, since two engines may run in one JVM.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class, beforeName = {
        "org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration",
        "org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration"})
@ConditionalOnClass(LoopResources.class)
@ConditionalOnBean(Engine.class)
public final class SolasterReactorNettyAutoConfiguration {

    /** Of RSocket and R2DBC too. */
    @Bean
    @ConditionalOnMissingBean
    LoopResources solasterLoopResources(Engine engine) {
        ShardSchedulers.refuseBlocking();
        return new ShardLoopResources(engine);
    }

    /** What needs more than Reactor Netty's core. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HttpResources.class, ReactorResourceFactory.class})
    @ConditionalOnBooleanProperty(name = "solaster.libraries.reactor-netty", matchIfMissing = true)
    static class Http {

        /** Its connections end with the life cycle, before the shards do. */
        @Bean
        @ConditionalOnMissingBean
        ReactorResourceFactory solasterReactorResources(Engine engine, LoopResources loops) {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setLoopResources(loops);
            resources.setConnectionProviderSupplier(() -> new ShardConnectionProvider(engine));
            return resources;
        }

        @Bean
        @ConditionalOnMissingBean
        NettyOnShards solasterNetty(ReactorResourceFactory resources) {
            return new NettyOnShards(resources);
        }
    }
}
