package io.solaster.boot.pool;

import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.PooledConnector;
import io.solaster.spring.pool.Pools;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.support.WebClientHttpServiceGroupConfigurer;

/**
 * HTTP service groups by WebClient: the group {@code orders} goes through the pool {@code orders}, where that speaks
 * HTTP. What {@code spring.http.serviceclient.orders} says of its URL and its headers holds; its timeouts and its TLS are
 * the pool's.
 */
@AutoConfiguration(after = SolasterPoolsAutoConfiguration.class, beforeName = "org.springframework.boot.webclient"
        + ".autoconfigure.service.ReactiveHttpServiceClientAutoConfiguration")
@ConditionalOnClass({WebClient.class, WebClientHttpServiceGroupConfigurer.class, Netty4HeadersAdapter.class,
        Pools.class, PooledHttpClient.class})
@ConditionalOnBean(Pools.class)
public final class SolasterWebClientAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "solasterWebClientGroupUrls")
    WebClientHttpServiceGroupConfigurer solasterWebClientGroupUrls(Pools pools) {
        return new GroupConfigurer(PoolGroups.BEFORE_BOOT, pools, null,
                (pool, client) -> client.baseUrl("http://" + pool));
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterWebClientGroups")
    WebClientHttpServiceGroupConfigurer solasterWebClientGroups(Pools pools, Environment environment) {
        return new GroupConfigurer(PoolGroups.AFTER_BOOT, pools, new PoolGroups(pools, environment),
                (pool, client) -> client.clientConnector(PooledConnector.of(pools, pool)));
    }

    private record GroupConfigurer(int order, Pools pools, @Nullable PoolGroups checks,
            java.util.function.BiConsumer<String, WebClient.Builder> change)
            implements
                WebClientHttpServiceGroupConfigurer {

        @Override
        public void configureGroups(Groups<WebClient.Builder> groups) {
            groups.filter(group -> PoolGroups.speakHttp(pools, group.name()))
                    .forEachClient((group, client) -> change.accept(group.name(), client));
            if (checks != null) {
                groups.filter(group -> PoolGroups.speakHttp(pools, group.name()))
                        .forEachProxyFactory(checks::check);
            }
        }

        @Override
        public int getOrder() {
            return order;
        }
    }
}
