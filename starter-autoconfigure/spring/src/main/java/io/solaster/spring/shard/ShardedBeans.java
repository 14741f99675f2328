package io.solaster.spring.shard;

import java.lang.reflect.Modifier;

import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.spring.ShardScope;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.BeanDefinitionStoreException;
import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.ResolvableType;

/**
 * Registers the scope, and beside each shard-scoped bean {@code orders} a bean {@code sharded.orders} of type
 * {@link Sharded}, so that {@code Sharded<Orders>} can be injected anywhere, by type, name and qualifier of the bean
 * itself. Also lets a shard-scoped bean ask for its {@link Shard}.
 */
public final class ShardedBeans implements BeanFactoryPostProcessor {
    /** On the definition of a {@code Sharded}: the name of the bean that it is of, behind any proxy. */
    static final String OF = ShardedBeans.class.getName() + ".of";

    private static final String PREFIX = "sharded.";

    private final ShardBeans beans;

    /** For the scope's beans. */
    public ShardedBeans(ShardBeans beans) {
        this.beans = beans;
    }

    static String nameFor(String bean) {
        return PREFIX + bean;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
        beanFactory.registerScope(ShardScope.NAME, beans);
        beanFactory.registerResolvableDependency(Shard.class, (ObjectFactory<Shard>) ShardedBeans::currentShard);
        if (beanFactory instanceof DefaultListableBeanFactory factory) {
            factory.setAutowireCandidateResolver(
                    new ShardedCandidates(factory, factory.getAutowireCandidateResolver()));
            for (String name : factory.getBeanDefinitionNames()) {
                BeanDefinition definition = factory.getMergedBeanDefinition(name);
                if (ShardScope.NAME.equals(definition.getScope()) && !definition.isAbstract()) {
                    register(factory, name);
                }
            }
        }
    }

    private static Shard currentShard() {
        Shard shard = Shard.current();
        if (shard == null) {
            throw new IllegalStateException("a Shard can be injected only where a bean is made on a shard; put"
                    + " @ShardScope on the bean, or inject the Engine");
        }
        return shard;
    }

    private void register(DefaultListableBeanFactory factory, String target) {
        String original = ShardBeans.originalName(target);
        String name = nameFor(original);
        if (factory.containsBeanDefinition(name)) {
            return;
        }
        // Its type is known only once it has been looked for.
        factory.getType(target, false);
        RootBeanDefinition sharded = new RootBeanDefinition(Sharded.class,
                () -> Sharded.over(beans.engine(), shard -> beans.instance(target)));
        BeanDefinition definition = factory.getMergedBeanDefinition(target);
        ResolvableType type = definition.getResolvableType();
        refuseFinal(original, type.resolve(Object.class), definition);
        sharded.setTargetType(ResolvableType.forClassWithGenerics(Sharded.class, type));
        BeanDefinition seen = factory.getBeanDefinition(original);
        sharded.setAutowireCandidate(seen.isAutowireCandidate());
        sharded.setPrimary(seen.isPrimary());
        sharded.setFallback(seen.isFallback());
        sharded.setRole(BeanDefinition.ROLE_INFRASTRUCTURE);
        sharded.setLazyInit(true);
        sharded.setAttribute(OF, target);
        // It is registered anew wherever the context runs, also where its other beans were generated ahead of time.
        sharded.setAttribute(BeanRegistrationAotProcessor.IGNORE_REGISTRATION_ATTRIBUTE, true);
        factory.registerBeanDefinition(name, sharded);
    }

    /** Where the message that it would come to names neither the bean nor the way out. */
    private static void refuseFinal(String bean, Class<?> type, BeanDefinition definition) {
        boolean proxied = Boolean.TRUE.equals(definition.getAttribute(AutoProxyUtils.PRESERVE_TARGET_CLASS_ATTRIBUTE));
        if (proxied && Modifier.isFinal(type.getModifiers())) {
            throw new BeanDefinitionStoreException("@ShardScope: bean '" + bean + "' is of the final class "
                    + type.getName() + ", before which no proxy can stand; write @ShardScope(proxyMode ="
                    + " ScopedProxyMode.NO) and inject Sharded<" + type.getSimpleName() + ">, or remove 'final'");
        }
    }

    /** Whether a bean is what a scoped proxy stands for. */
    static boolean isTarget(String name) {
        return ScopedProxyUtils.isScopedTarget(name);
    }
}
