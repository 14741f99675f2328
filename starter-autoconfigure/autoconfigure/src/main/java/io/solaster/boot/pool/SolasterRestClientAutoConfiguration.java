package io.solaster.boot.pool;

import io.solaster.engine.Engine;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
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
        return new GroupConfigurer(PoolGroups.BEFORE_BOOT, pools, (pool, client) -> client.baseUrl("http://" + pool));
    }

    @Bean
    @ConditionalOnMissingBean(name = "solasterRestClientGroups")
    RestClientHttpServiceGroupConfigurer solasterRestClientGroups(Engine engine, Pools pools) {
        return new GroupConfigurer(PoolGroups.AFTER_BOOT, pools,
                (pool, client) -> client.requestFactory(new PooledRequestFactory(engine, pools.http(pool))));
    }

    private record GroupConfigurer(int order, Pools pools,
            java.util.function.BiConsumer<String, RestClient.Builder> change)
            implements
                RestClientHttpServiceGroupConfigurer {

        @Override
        public void configureGroups(Groups<RestClient.Builder> groups) {
            groups.filter(group -> PoolGroups.speakHttp(pools, group.name()))
                    .forEachClient((group, client) -> change.accept(group.name(), client));
        }

        @Override
        public int getOrder() {
            return order;
        }
    }
}
