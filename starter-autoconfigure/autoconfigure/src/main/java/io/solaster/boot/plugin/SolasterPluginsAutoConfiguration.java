package io.solaster.boot.plugin;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.plugin.Plugins;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The plug-ins of {@code solaster.plugins}, where a directory is named, and the endpoint {@code plugins}. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(Plugins.class)
@ConditionalOnBean(Engine.class)
@ConditionalOnProperty("solaster.plugins.directory")
public final class SolasterPluginsAutoConfiguration {

    /** The engine ends them. */
    @Bean(destroyMethod = "")
    @ConditionalOnMissingBean
    Plugins solasterPlugins(Engine engine, SolasterConfig config) {
        return Plugins.start(engine, config.plugins());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
    static final class EndpointConfiguration {

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        PluginsEndpoint pluginsEndpoint(Plugins plugins) {
            return new PluginsEndpoint(plugins);
        }
    }
}
