package io.solaster.boot;

import io.micrometer.context.ContextRegistry;
import io.solaster.engine.ContextCarrier;
import io.solaster.engine.Engine;
import io.solaster.spring.context.MdcCarrier;
import io.solaster.spring.context.SnapshotCarrier;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What calls between shards take along, with {@code solaster.context-propagation.enabled}; nothing else pays for it. */
@AutoConfiguration(after = SolasterAutoConfiguration.class)
@ConditionalOnClass(ContextCarrier.class)
@ConditionalOnBean(Engine.class)
@ConditionalOnBooleanProperty("solaster.context-propagation.enabled")
public final class SolasterContextAutoConfiguration {

    @Bean
    SmartInitializingSingleton solasterContextPropagation(Engine engine, ContextCarrier carrier) {
        return () -> engine.carryContext(carrier);
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ContextRegistry.class)
    static final class SnapshotConfiguration {

        @Bean
        @ConditionalOnMissingBean(ContextCarrier.class)
        SnapshotCarrier solasterContextCarrier() {
            return new SnapshotCarrier(ContextRegistry.getInstance());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass("io.micrometer.context.ContextRegistry")
    static final class MdcConfiguration {

        @Bean
        @ConditionalOnMissingBean(ContextCarrier.class)
        MdcCarrier solasterMdcCarrier() {
            return new MdcCarrier();
        }
    }
}
