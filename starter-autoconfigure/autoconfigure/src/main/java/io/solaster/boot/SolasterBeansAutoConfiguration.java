package io.solaster.boot;

import io.solaster.engine.Engine;
import io.solaster.spring.shard.OnShardProxies;
import io.solaster.spring.shard.ShardBeans;
import io.solaster.spring.shard.ShardSchedules;
import io.solaster.spring.shard.ShardedBeans;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.SearchStrategy;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Role;

/**
 * {@code @ShardScope}, {@code @OnShard} and {@code @ShardScheduled}. Static, since they must be there before all beans; and
 * in each context its own, also below one that has them.
 */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(ShardBeans.class)
@ConditionalOnBean(Engine.class)
public final class SolasterBeansAutoConfiguration {

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    @ConditionalOnMissingBean(search = SearchStrategy.CURRENT)
    static ShardBeans solasterShardBeans(ConfigurableListableBeanFactory beanFactory) {
        return new ShardBeans(beanFactory);
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    @ConditionalOnMissingBean(search = SearchStrategy.CURRENT)
    static ShardedBeans solasterShardedBeans(ShardBeans beans) {
        return new ShardedBeans(beans);
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    @ConditionalOnMissingBean(search = SearchStrategy.CURRENT)
    static OnShardProxies solasterOnShardProxies(ConfigurableListableBeanFactory beanFactory, ShardBeans beans) {
        return new OnShardProxies(beanFactory, beans);
    }

    @Bean
    @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
    @ConditionalOnMissingBean(search = SearchStrategy.CURRENT)
    static ShardSchedules solasterShardSchedules(ConfigurableListableBeanFactory beanFactory, ShardBeans beans) {
        return new ShardSchedules(beanFactory, beans);
    }
}
