package io.solaster.boot.pool;

import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.http.support.Netty4HeadersAdapter;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientHttpServiceGroupConfigurer;

/**
 * HTTP service groups by RestClient: the group {@code orders} goes through the pool {@code orders}, where that speaks
 * HTTP. What {@code spring.http.serviceclient.orders} says of its URL and its headers holds; its timeouts and its TLS are
 * the pool's.
 */
@AutoConfiguration(after = SolasterPoolsAutoConfiguration.class, beforeName = "org.springframework.boot.restclient"
        + ".autoconfigure.service.HttpServiceClientAutoConfiguration")
@ConditionalOnClass({RestClient.class, RestClientHttpServiceGroupConfigurer.class, Netty4HeadersAdapter.class,
        Pools.class, PooledHttpClient.class})
@ConditionalOnBean(Pools.class)
public final class SolasterRestClientAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "solasterRestClientGroupUrls")
    RestClientHttpServiceGroupConfigurer solasterRestClientGroupUrls(Pools pools) {
        return new GroupConfigurer(PoolGroups.BEFORE_BOOT, pools, null,
                (pool, client) -> client.baseUrl("http://" + pool));
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterRestClientGroups")
    RestClientHttpServiceGroupConfigurer solasterRestClientGroups(Pools pools, Environment environment) {
        return new GroupConfigurer(PoolGroups.AFTER_BOOT, pools, new PoolGroups(pools, environment),
                (pool, client) -> client.requestFactory(PooledRequestFactory.of(pools, pool)));
    }

    private record GroupConfigurer(int order, Pools pools, @Nullable PoolGroups checks,
            java.util.function.BiConsumer<String, RestClient.Builder> change)
            implements
                RestClientHttpServiceGroupConfigurer {

        @Override
        public void configureGroups(Groups<RestClient.Builder> groups) {
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
