package io.solaster.boot;

import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.spring.ServerProtocol;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;

/** The store, and 'resp' as a protocol that servers may speak. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(Store.class)
@ConditionalOnBean(Engine.class)
public final class SolasterStoreAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    Store solasterStore(Engine engine, SolasterConfig config) {
        return Store.on(engine, config.store());
    }

    /** Where the store is kept over a restart, for its health and meters, as of other logs. The engine closes it. */
    @Bean(destroyMethod = "")
    @ConditionalOnProperty("solaster.store.persistence.directory")
    @ConditionalOnMissingBean(name = "storeLog")
    Log storeLog(Store store) {
        Log log = store.log();
        if (log == null) {
            throw new IllegalStateException("the bean of type Store is in memory alone, though"
                    + " solaster.store.persistence.directory is set: make it with SolasterConfig.store()");
        }
        return log;
    }

    /** By name and not by type: other protocols stand beside it. */
    @Bean
    @ConditionalOnMissingBean(name = "respServerProtocol")
    ServerProtocol respServerProtocol(Store store) {
        return ServerProtocol.of("resp", (name, server) -> new RespProtocol(store, server));
    }
}
