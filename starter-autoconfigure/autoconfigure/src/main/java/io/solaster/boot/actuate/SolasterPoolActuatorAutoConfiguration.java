package io.solaster.boot.actuate;

import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.boot.pool.SolasterPoolsAutoConfiguration;
import io.solaster.spring.pool.Pools;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Health and the endpoint {@code pools}, each where what it needs is there. */
@AutoConfiguration(after = SolasterPoolsAutoConfiguration.class)
@ConditionalOnClass(Pools.class)
@ConditionalOnBean(Pools.class)
public final class SolasterPoolActuatorAutoConfiguration {

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
    static final class HealthConfiguration {

        /** In no probe group: that another service is ill is no reason to restart this one, or to send it no traffic. */
        @Bean
        @ConditionalOnEnabledHealthIndicator("pools")
        @ConditionalOnMissingBean(name = "poolsHealthContributor")
        HealthContributor poolsHealthContributor(Pools pools) {
            Map<String, HealthContributor> each = new LinkedHashMap<>();
            pools.all().forEach(pool -> each.put(pool.name(), new PoolHealthIndicator(pool)));
            return CompositeHealthContributor.fromMap(each);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
    static final class EndpointConfiguration {

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnAvailableEndpoint
        PoolsEndpoint poolsEndpoint(Pools pools) {
            return new PoolsEndpoint(pools);
        }

        @Bean
        @ConditionalOnMissingBean
        @ConditionalOnBean(PoolsEndpoint.class)
        @ConditionalOnAvailableEndpoint
        PoolsEndpointWebExtension poolsEndpointWebExtension(PoolsEndpoint endpoint) {
            return new PoolsEndpointWebExtension(endpoint);
        }
    }
}
