package io.solaster.boot;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigReport;
import io.solaster.engine.Engine;
import io.solaster.engine.net.accept.AcceptPolicy;
import io.solaster.spring.DatagramProtocol;
import io.solaster.spring.ServerProtocol;
import io.solaster.spring.reload.ConfigCheck;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadPart;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.ServerTls;
import io.solaster.spring.server.UdpLifecycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/** The configuration, the engine's shards and the servers on them, unless {@code solaster.enabled} is false. */
@AutoConfiguration
@ConditionalOnClass(Engine.class)
@ConditionalOnBooleanProperty(name = "solaster.enabled", matchIfMissing = true)
public final class SolasterAutoConfiguration {
    private static final Logger log = LoggerFactory.getLogger(SolasterAutoConfiguration.class);

    @Bean
    @ConditionalOnMissingBean
    ConfigCheck solasterConfigCheck() {
        return new ConfigCheck();
    }

    /** Bound by hand: what cannot be read and what must not be are reported together, in one way everywhere. */
    @Bean
    @ConditionalOnMissingBean
    SolasterConfig solasterConfig(ConfigCheck check, Environment environment) {
        ConfigReport report = check.check(environment);
        report.ignored().forEach(variable -> log
                .debug("{} is the link to a Kubernetes Service and no key of Solaster: ignored", variable));
        report.warnings().forEach(warning -> log.warn("{}", warning));
        return report.orThrow();
    }

    /** Starts here and not with the life cycle, so that other beans may use the shards in their constructors. */
    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    Engine solasterEngine(SolasterConfig config, ConfigurableListableBeanFactory beans) {
        return Engine.start(config.engine(), ShardWork.of(config, beans, beans.getBeanClassLoader()));
    }

    @Bean
    @ConditionalOnMissingBean
    ServerLifecycle solasterServers(Engine engine, SolasterConfig config, ObjectProvider<ServerProtocol> protocols,
            ObjectProvider<SslBundles> bundles, ListableBeanFactory beans) {
        return new ServerLifecycle(engine, config, protocols.orderedStream().toList(),
                new ServerTls(bundles.getIfAvailable(), engine), beans.getBeansOfType(AcceptPolicy.class));
    }

    @Bean
    @ConditionalOnMissingBean
    UdpLifecycle solasterUdpServers(Engine engine, SolasterConfig config, ObjectProvider<DatagramProtocol> protocols) {
        return new UdpLifecycle(engine, config, protocols.orderedStream().toList());
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterUdpReload")
    ReloadPart solasterUdpReload(UdpLifecycle servers) {
        return servers::reconfigure;
    }

    /**
     * Also the {@code Live<SolasterConfig>} for whoever wants the values that are in force. A configuration that the
     * application makes itself is in no file, and stays.
     */
    @Bean
    @ConditionalOnMissingBean
    ConfigReloader solasterConfigReloader(SolasterConfig config, Engine engine, ServerLifecycle servers,
            ConfigCheck check, ConfigurableEnvironment environment, ObjectProvider<ReloadPart> parts,
            ApplicationEventPublisher events, ObjectProvider<LoggingSystem> logging) {
        boolean fromFiles = config.equals(ConfigCheck.read(environment).config());
        return new ConfigReloader(config, fromFiles, engine, servers, check, environment,
                () -> parts.orderedStream().toList(), events, logging.getIfAvailable());
    }
}
