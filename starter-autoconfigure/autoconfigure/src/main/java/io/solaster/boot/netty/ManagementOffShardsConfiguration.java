package io.solaster.boot.netty;

import java.time.Duration;

import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/**
 * Keeps a management server with a port of its own off the shards, which it would share with the application's otherwise:
 * it answers from housekeeping CPUs while every shard is stuck.
 */
@ManagementContextConfiguration(value = ManagementContextType.CHILD, proxyBeanMethods = false)
@ConditionalOnClass({HttpServer.class, ReactorResourceFactory.class})
@ConditionalOnBean(name = "solasterReactorResources")
final class ManagementOffShardsConfiguration {
    private static final int THREADS = 2;

    @Bean
    @Primary
    ReactorResourceFactory solasterManagementResources() {
        ReactorResourceFactory resources = new ReactorResourceFactory();
        resources.setUseGlobalResources(false);
        resources.setLoopResourcesSupplier(() -> LoopResources.create("management", THREADS, true));
        // The server has ended by then.
        resources.setShutdownQuietPeriod(Duration.ZERO);
        return resources;
    }
}
