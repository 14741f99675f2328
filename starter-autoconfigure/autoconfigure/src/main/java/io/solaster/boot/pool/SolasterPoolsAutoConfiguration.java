package io.solaster.boot.pool;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.spring.pool.PoolCustomizer;
import io.solaster.spring.pool.PoolDiscovery;
import io.solaster.spring.pool.PoolKeySource;
import io.solaster.spring.pool.Pools;
import io.solaster.spring.reload.ReloadPart;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;

/** The pools of {@code solaster.pools}, each with its client as a bean of its name. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass({ConnectionPool.class, Pools.class})
@ConditionalOnBean(Engine.class)
@Conditional(OnPools.class)
@Import(PoolBeans.class)
public final class SolasterPoolsAutoConfiguration {

    @Bean
    @Lazy
    @ConditionalOnMissingBean
    DnsResolver solasterDnsResolver(Engine engine) {
        return DnsResolver.on(engine);
    }

    /** By name, since beans of pools are made by it. */
    @Bean(PoolBeans.POOLS)
    @ConditionalOnMissingBean
    Pools solasterPools(Engine engine, SolasterConfig config, ObjectProvider<DnsResolver> dns,
            ObjectProvider<PoolCustomizer> customizers, ObjectProvider<PoolDiscovery> discoveries,
            ObjectProvider<PoolConnectionDetails> details, ObjectProvider<SslBundles> bundles,
            ObjectProvider<PoolKeySource> keys, Environment environment) {
        Map<String, List<EndpointConfig>> endpoints = new LinkedHashMap<>();
        details.orderedStream().forEach(each -> endpoints.putIfAbsent(each.pool(), each.endpoints()));
        return new Pools(engine, config, dns::getObject, new Pools.Collaborators(customizers.orderedStream().toList(),
                discoveries.orderedStream().toList(), endpoints, bundles.getIfAvailable(),
                keys.orderedStream().toList(),
                pool -> GroupUrl.host(environment, pool)));
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterPoolsReload")
    ReloadPart solasterPoolsReload(Pools pools) {
        return new ReloadPart() {
            @Override
            public List<Violation> check(SolasterConfig newConfig) {
                return pools.check(newConfig);
            }

            @Override
            public CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
                return pools.reconfigure(newConfig);
            }
        };
    }
}
