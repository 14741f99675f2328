package io.solaster.spring.shard;

import io.solaster.engine.Sharded;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanDefinitionHolder;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.beans.factory.support.AutowireCandidateResolver;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.ResolvableType;

/**
 * Who may be injected for {@code Sharded<T>}: that of each bean which could be injected for {@code T} with the same
 * qualifiers. Spring's own rule would want exactly {@code T}, so that an interface never met the class behind it.
 */
final class ShardedCandidates implements AutowireCandidateResolver {
    private final DefaultListableBeanFactory beanFactory;
    private final AutowireCandidateResolver others;

    ShardedCandidates(DefaultListableBeanFactory beanFactory, AutowireCandidateResolver others) {
        this.beanFactory = beanFactory;
        this.others = others;
    }

    @Override
    public boolean isAutowireCandidate(BeanDefinitionHolder holder, DependencyDescriptor descriptor) {
        BeanDefinition sharded = holder.getBeanDefinition();
        if (isSharded(descriptor) && sharded.getAttribute(ShardedBeans.OF) instanceof String target) {
            OfBean wanted = new OfBean(descriptor);
            return sharded.isAutowireCandidate() && beanFactory.isTypeMatch(target, wanted.getDependencyType())
                    && others.isAutowireCandidate(behindProxy(target), wanted);
        }
        return others.isAutowireCandidate(holder, descriptor);
    }

    /** Its own definition: a proxy's that was generated ahead of time knows no qualifiers. */
    private BeanDefinitionHolder behindProxy(String target) {
        RootBeanDefinition definition = new RootBeanDefinition(
                (RootBeanDefinition) beanFactory.getMergedBeanDefinition(target));
        definition.setAutowireCandidate(true);
        definition.setDefaultCandidate(true);
        return new BeanDefinitionHolder(definition, ShardBeans.originalName(target));
    }

    private static boolean isSharded(DependencyDescriptor descriptor) {
        return descriptor.getDependencyType() == Sharded.class;
    }

    /** The bean itself in place of its {@code Sharded}. */
    private static final class OfBean extends DependencyDescriptor {
        private static final long serialVersionUID = 1;

        private final transient ResolvableType type;

        OfBean(DependencyDescriptor sharded) {
            super(sharded);
            this.type = sharded.getResolvableType().getGeneric(0);
        }

        @Override
        public ResolvableType getResolvableType() {
            return type;
        }

        @Override
        public Class<?> getDependencyType() {
            return type.resolve(Object.class);
        }
    }

    @Override
    public @Nullable String getSuggestedName(DependencyDescriptor descriptor) {
        String suggested = others.getSuggestedName(descriptor);
        if (!isSharded(descriptor)) {
            return suggested;
        }
        String name = suggested != null ? suggested : descriptor.getDependencyName();
        return name == null ? null : ShardedBeans.nameFor(name);
    }

    @Override
    public boolean isRequired(DependencyDescriptor descriptor) {
        return others.isRequired(descriptor);
    }

    @Override
    public boolean hasQualifier(DependencyDescriptor descriptor) {
        return others.hasQualifier(descriptor);
    }

    @Override
    public @Nullable Object getSuggestedValue(DependencyDescriptor descriptor) {
        return others.getSuggestedValue(descriptor);
    }

    @Override
    public @Nullable Object getLazyResolutionProxyIfNecessary(DependencyDescriptor descriptor,
            @Nullable String beanName) {
        return others.getLazyResolutionProxyIfNecessary(descriptor, beanName);
    }

    @Override
    public @Nullable Class<?> getLazyResolutionProxyClass(DependencyDescriptor descriptor, @Nullable String beanName) {
        return others.getLazyResolutionProxyClass(descriptor, beanName);
    }

    @Override
    public AutowireCandidateResolver cloneIfNecessary() {
        return new ShardedCandidates(beanFactory, others.cloneIfNecessary());
    }
}
