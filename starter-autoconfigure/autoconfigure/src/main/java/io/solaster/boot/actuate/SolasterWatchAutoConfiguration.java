package io.solaster.boot.actuate;

import java.util.Optional;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.Live;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.UdpLifecycle;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;

/** What health and endpoints stand on, and the application's liveness and readiness, which need no Actuator. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(Engine.class)
@ConditionalOnBean({Engine.class, ServerLifecycle.class, SolasterConfig.class})
public final class SolasterWatchAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    LoopWatch solasterLoopWatch(Engine engine) {
        return new LoopWatch(engine, System.nanoTime());
    }

    @Bean
    @ConditionalOnBean(ConfigReloader.class)
    @ConditionalOnMissingBean
    ConfigReloads solasterConfigReloads(ConfigReloader reloader) {
        return new ReloadedFiles(reloader);
    }

    @Bean
    @ConditionalOnMissingBean
    EngineWatch solasterEngineWatch(Engine engine, ServerLifecycle servers, ObjectProvider<UdpLifecycle> udp,
            SolasterConfig config, LoopWatch loops, ObjectProvider<ConfigReloads> reloads,
            ObjectProvider<ConfigReloader> reloader) {
        return new EngineWatch(engine, servers, udp.getIfAvailable(), live(reloader, config), loops,
                () -> Optional.ofNullable(reloads.getIfAvailable()));
    }

    @Bean
    @ConditionalOnMissingBean
    ShardReporter solasterShardReporter(Engine engine, ServerLifecycle servers, EngineWatch watch,
            ObjectProvider<ConfigReloader> reloader) {
        return new ShardReporter(engine, servers, watch, () -> {
            ConfigReloader known = reloader.getIfAvailable();
            return known == null ? null : known.status();
        });
    }

    @Bean
    @ConditionalOnMissingBean
    SolasterAvailability solasterAvailability(Engine engine, SolasterConfig config, EngineWatch watch, LoopWatch loops,
            ApplicationEventPublisher events, ObjectProvider<ConfigReloader> reloader,
            ObjectProvider<ApplicationAvailability> known) {
        return new SolasterAvailability(engine.name(), watch, loops, live(reloader, config), events,
                known::getIfAvailable);
    }

    /** What is in force now; where nothing is reloaded, what it was at the start. */
    static Live<SolasterConfig> live(ObjectProvider<ConfigReloader> reloader, SolasterConfig config) {
        ConfigReloader known = reloader.getIfAvailable();
        return known == null ? () -> config : known;
    }
}
