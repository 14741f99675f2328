package io.solaster.boot.cache;

import java.util.List;
import java.util.Objects;

import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.store.Store;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cache.CacheManager;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;

/** {@code spring.cache.type: solaster}: before Boot's own, which stands back where there is a manager. */
@AutoConfiguration(after = SolasterStoreAutoConfiguration.class, beforeName = "org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration")
@ConditionalOnProperty(name = "spring.cache.type", havingValue = "solaster")
@ConditionalOnClass({Store.class, CacheManager.class})
@ConditionalOnBean(Store.class)
@ConditionalOnMissingBean(CacheManager.class)
@EnableConfigurationProperties(StoreCacheProperties.class)
public final class SolasterCacheAutoConfiguration {

    @Bean
    CacheManager cacheManager(Store store, StoreCacheProperties properties, ObjectProvider<CacheCodec> codec,
            ApplicationContext context) {
        List<String> names = Binder.get(context.getEnvironment())
                .bind("spring.cache.cache-names", Bindable.listOf(String.class)).orElse(List.of());
        return new StoreCacheManager(store, names, properties, codec.getIfAvailable(
                () -> new SerializedValues(Objects.requireNonNull(context.getClassLoader(), "class loader"))));
    }
}
