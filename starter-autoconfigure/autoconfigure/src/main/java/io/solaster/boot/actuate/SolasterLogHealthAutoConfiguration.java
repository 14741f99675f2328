package io.solaster.boot.actuate;

import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.log.SolasterLogAutoConfiguration;
import io.solaster.log.Log;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The health of each log. */
@AutoConfiguration(after = {SolasterLogAutoConfiguration.class, SolasterStoreAutoConfiguration.class})
@ConditionalOnClass({Log.class, HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(Log.class)
public final class SolasterLogHealthAutoConfiguration {

    @Bean
    @ConditionalOnEnabledHealthIndicator("logs")
    @ConditionalOnMissingBean(name = "logsHealthContributor")
    HealthContributor logsHealthContributor(Map<String, Log> logs) {
        Map<String, HealthContributor> each = new LinkedHashMap<>();
        logs.values().forEach(log -> each.put(log.name(), new LogHealthIndicator(log)));
        return CompositeHealthContributor.fromMap(each);
    }
}
