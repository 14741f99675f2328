package io.solaster.boot.web;

import java.util.List;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.http.HttpHandler;
import io.solaster.http.websocket.WebSockets;
import io.solaster.spring.HttpServerListener;
import io.solaster.spring.ShardSchedulers;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.web.ShardRequestUpgradeStrategy;
import io.solaster.spring.web.SolasterReactiveWebServerFactory;
import io.solaster.spring.web.WebFluxSockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnNotWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.autoconfigure.reactive.ReactiveWebServerConfiguration;
import org.springframework.boot.web.server.reactive.ReactiveWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.web.reactive.DispatcherHandler;

/**
 * Has the shards serve WebFlux, if {@code solaster.web.server} is {@code solaster}: the server stands before those that
 * Spring Boot would make.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class, beforeName = {
        "org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration",
        "org.springframework.boot.tomcat.autoconfigure.reactive.TomcatReactiveWebServerAutoConfiguration",
        "org.springframework.boot.jetty.autoconfigure.reactive.JettyReactiveWebServerAutoConfiguration"})
@ConditionalOnProperty(name = "solaster.web.server", havingValue = "solaster")
@ConditionalOnBean(Engine.class)
public final class SolasterWebAutoConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SolasterWebAutoConfiguration.class);

    /** What it takes is there. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HttpHandler.class, DispatcherHandler.class, ReactiveWebServerFactory.class})
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    @Import(ReactiveWebServerConfiguration.class)
    static class Server {

        @Bean
        @ConditionalOnMissingBean(ReactiveWebServerFactory.class)
        SolasterReactiveWebServerFactory solasterReactiveWebServerFactory(Engine engine, SolasterConfig config,
                ConfigReloader live, ServerLifecycle servers, ObjectProvider<HttpServerListener> listeners) {
            ShardSchedulers.refuseBlocking();
            SolasterReactiveWebServerFactory factory = new SolasterReactiveWebServerFactory(engine, config.web(),
                    () -> live.get().engine().shutdownTimeout());
            factory.setServers(servers);
            factory.setListeners(listeners.orderedStream().toList());
            return factory;
        }

        @Bean
        @ConditionalOnMissingBean
        ServerPropertiesCustomizer solasterServerPropertiesCustomizer(ServerProperties properties,
                Environment environment) {
            return new ServerPropertiesCustomizer(properties, environment);
        }

        @Bean
        @ConditionalOnMissingBean
        WebFluxSockets solasterWebFluxSockets(Engine engine) {
            return new WebFluxSockets(WebSockets.on(engine));
        }

        @Bean
        @ConditionalOnMissingBean
        ShardRequestUpgradeStrategy solasterUpgradeStrategy(WebFluxSockets webFlux) {
            return new ShardRequestUpgradeStrategy(webFlux.sockets());
        }

        @Bean
        static SocketsOnShards solasterSocketsOnShards(ObjectProvider<ShardRequestUpgradeStrategy> strategy) {
            return new SocketsOnShards(strategy);
        }
    }

    /** Beside Actuator. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HttpHandler.class, DispatcherHandler.class, ReactiveWebServerFactory.class,
            ManagementPortType.class})
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class Management {

        @Bean
        ManagementOnShardsWarning solasterManagementOnShardsWarning() {
            return new ManagementOnShardsWarning();
        }
    }

    /** The key is there and the module is not: better told than overlooked. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass("io.solaster.http.HttpHandler")
    static class NoHttp {

        NoHttp() {
            throw new InvalidConfigException(List.of(new Violation("solaster.web.server", "solaster",
                    "'solaster' needs the module solaster-http, which is not on the class path",
                    "add io.solaster:solaster-http, or write 'none'")));
        }
    }

    /** The key has no effect here. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletInstead {

        ServletInstead() {
            log.warn(
                    "solaster.web.server has no effect: the application is one of Spring MVC, and it is WebFlux that the"
                            + " shards serve; use spring-boot-starter-webflux, or write 'none'");
        }
    }

    /** Nor here. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnNotWebApplication
    static class NoWeb {

        NoWeb() {
            log.warn("solaster.web.server has no effect: the application has no web server; add"
                    + " spring-boot-starter-webflux, or write 'none'");
        }
    }
}
