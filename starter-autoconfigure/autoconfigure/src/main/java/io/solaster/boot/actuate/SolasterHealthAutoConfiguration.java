package io.solaster.boot.actuate;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.server.ServerLifecycle;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The health of engine and servers, where Boot's health is there. */
@AutoConfiguration(after = {SolasterAutoConfiguration.class, SolasterWatchAutoConfiguration.class})
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean({Engine.class, ServerLifecycle.class, EngineWatch.class})
public final class SolasterHealthAutoConfiguration {

    /** Its switch stands here and not on the class, where it would be looked for even without Boot's health. */
    @Bean
    @ConditionalOnEnabledHealthIndicator("solaster")
    @ConditionalOnMissingBean(name = "solasterHealthIndicator")
    HealthIndicator solasterHealthIndicator(Engine engine, ServerLifecycle servers, EngineWatch watch,
            ObjectProvider<ConfigReloader> reloader) {
        ConfigReloader watching = reloader.getIfAvailable();
        return new SolasterHealthIndicator(engine, servers, watch,
                () -> watching == null ? ReloadStatus.none() : watching.status());
    }
}
