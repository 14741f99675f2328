package io.solaster.boot.pool;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.KubernetesDiscovery;
import io.solaster.spring.pool.PoolDiscovery;
import io.solaster.spring.pool.Pools;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/** Pools whose endpoints are the pods of a Kubernetes Service, where Fabric8's client is there. */
@AutoConfiguration(before = SolasterPoolsAutoConfiguration.class, afterName = "io.solaster.boot.SolasterAutoConfiguration")
@ConditionalOnClass({KubernetesClient.class, KubernetesDiscovery.class, Pools.class})
@ConditionalOnBean(Engine.class)
@Conditional(OnPools.class)
public final class SolasterKubernetesDiscoveryAutoConfiguration {

    /**
     * Of the application's client, else of one of its own that is no bean: Spring Cloud Kubernetes makes its clients only
     * where there is none yet.
     */
    @Bean
    @ConditionalOnMissingBean(name = "solasterKubernetesDiscovery")
    PoolDiscovery solasterKubernetesDiscovery(ObjectProvider<KubernetesClient> client) {
        return new Pods(client);
    }

    private static final class Pods implements PoolDiscovery, DisposableBean {
        private final ObjectProvider<KubernetesClient> application;
        private @Nullable KubernetesClient own;

        Pods(ObjectProvider<KubernetesClient> application) {
            this.application = application;
        }

        @Override
        public DiscoveryConfig.Type type() {
            return DiscoveryConfig.Type.KUBERNETES;
        }

        @Override
        public synchronized Discovery discovery(String pool, DiscoveryConfig config) {
            KubernetesClient client = application.getIfUnique();
            if (client == null) {
                // Made once a pool asks for it: it looks for a cluster.
                own = own == null ? new KubernetesClientBuilder().build() : own;
                client = own;
            }
            return new KubernetesDiscovery(client, config);
        }

        @Override
        public synchronized void destroy() {
            if (own != null) {
                own.close();
            }
        }
    }
}
