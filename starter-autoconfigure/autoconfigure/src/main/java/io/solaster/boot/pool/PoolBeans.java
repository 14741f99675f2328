package io.solaster.boot.pool;

import java.util.Map;

import io.solaster.config.check.ConfigBinder;
import io.solaster.config.pool.PoolConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/**
 * A bean for each pool's client, by the pool's name, and one for its connections, {@code <name>Pool}. A name that is taken
 * stays with whoever has it.
 */
final class PoolBeans implements ImportBeanDefinitionRegistrar, EnvironmentAware {
    private static final Logger log = LoggerFactory.getLogger(PoolBeans.class);

    /** Of the bean that makes them. */
    static final String POOLS = "solasterPools";

    private Environment environment;

    @SuppressWarnings("NullAway.Init") // Spring sets it before it calls
    PoolBeans() {}

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        // What is wrong in it is told when it is read to be used.
        Map<String, PoolConfig> pools = ConfigBinder.read(Binder.get(environment)).config().pools();
        pools.forEach((name, pool) -> {
            String client = switch (pool.protocol()) {
                case HTTP -> "http";
                case RESP -> "resp";
                case TCP -> "framed";
            };
            register(registry, name, client, name);
            register(registry, name + "Pool", client + "Pool", name);
        });
    }

    private static void register(BeanDefinitionRegistry registry, String bean, String method, String pool) {
        if (registry.containsBeanDefinition(bean) || registry.isAlias(bean)) {
            log.info("Pool '{}' has no bean '{}', since the application has one of that name; Pools.{}(\"{}\") has it",
                    pool, bean, method, pool);
            return;
        }
        RootBeanDefinition definition = new RootBeanDefinition();
        definition.setFactoryBeanName(POOLS);
        definition.setFactoryMethodName(method);
        definition.getConstructorArgumentValues().addIndexedArgumentValue(0, pool);
        // Whoever made it closes it.
        definition.setDestroyMethodName("");
        registry.registerBeanDefinition(bean, definition);
    }
}
