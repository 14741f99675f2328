package io.solaster.boot.netty;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ResourceLoader;

/** Tells where the application's libraries run. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnBean(Engine.class)
public final class SolasterLibrariesAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    LibrariesOnShards solasterLibraries(ConfigurableListableBeanFactory beans, SolasterConfig config,
            ResourceLoader loader) {
        ClassLoader classes = loader.getClassLoader();
        return new LibrariesOnShards(beans, config.libraries(),
                classes != null ? classes : SolasterLibrariesAutoConfiguration.class.getClassLoader());
    }
}
