package io.solaster.boot.pool;

import java.util.List;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.pool.PoolDiscovery;
import io.solaster.spring.pool.Pools;
import io.solaster.spring.pool.SpringCloudDiscovery;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/** Pools whose endpoints are known to Spring Cloud, where its {@code DiscoveryClient} is there. */
@AutoConfiguration(before = SolasterPoolsAutoConfiguration.class, afterName = "io.solaster.boot.SolasterAutoConfiguration")
@ConditionalOnClass({DiscoveryClient.class, Pools.class})
@ConditionalOnBean(Engine.class)
@Conditional(OnPools.class)
public final class SolasterCloudDiscoveryAutoConfiguration {

    /** The first that the application has, which with Spring Cloud is the one that asks all others. */
    @Bean
    @ConditionalOnMissingBean(name = "solasterCloudDiscovery")
    PoolDiscovery solasterCloudDiscovery(Engine engine, ObjectProvider<DiscoveryClient> clients) {
        return PoolDiscovery.of(DiscoveryConfig.Type.SPRING, (pool, config) -> {
            DiscoveryClient only = clients.getIfUnique();
            DiscoveryClient client = only != null ? only : clients.orderedStream().findFirst().orElse(null);
            if (client == null) {
                throw new InvalidConfigException(List.of(new Violation("solaster.pools." + pool + ".discovery.type",
                        "spring", "there is no bean of type DiscoveryClient",
                        "add one of Spring Cloud's registries, such as spring-cloud-starter-netflix-eureka-client")));
            }
            return SpringCloudDiscovery.of(engine, client, config);
        });
    }
}
