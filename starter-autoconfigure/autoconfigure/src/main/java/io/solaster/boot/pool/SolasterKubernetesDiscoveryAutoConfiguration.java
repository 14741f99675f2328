package io.solaster.boot.pool;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.discovery.KubernetesDiscovery;
import io.solaster.spring.pool.PoolDiscovery;
import io.solaster.spring.pool.Pools;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Lazy;

/** Pools whose endpoints are the pods of a Kubernetes Service, where Fabric8's client is there. */
@AutoConfiguration(before = SolasterPoolsAutoConfiguration.class, afterName = "io.solaster.boot.SolasterAutoConfiguration")
@ConditionalOnClass({KubernetesClient.class, KubernetesDiscovery.class, Pools.class})
@ConditionalOnBean(Engine.class)
@Conditional(OnPools.class)
public final class SolasterKubernetesDiscoveryAutoConfiguration {

    /** Made once a pool asks for it: it looks for a cluster. */
    @Bean
    @Lazy
    @ConditionalOnMissingBean
    KubernetesClient solasterKubernetesClient() {
        return new KubernetesClientBuilder().build();
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterKubernetesDiscovery")
    PoolDiscovery solasterKubernetesDiscovery(ObjectProvider<KubernetesClient> client) {
        return PoolDiscovery.of(DiscoveryConfig.Type.KUBERNETES,
                (pool, config) -> new KubernetesDiscovery(client.getObject(), config));
    }
}
