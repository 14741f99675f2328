package io.solaster.spring.shard;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.solaster.config.Internal;
import io.solaster.engine.Shard;
import io.solaster.spring.ShardScope;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;

/** The methods of classes that have an annotation, on themselves or in an interface; looked for once a class. Any thread. */
@Internal
public final class AnnotatedMethods<A extends Annotation> {
    private final Class<A> annotation;
    private final Map<Class<?>, Map<Method, A>> byType = new ConcurrentHashMap<>();

    /** Those with an annotation. */
    public AnnotatedMethods(Class<A> annotation) {
        this.annotation = annotation;
    }

    /** Of a class. */
    public Map<Method, A> of(Class<?> type) {
        return byType.computeIfAbsent(type, this::find);
    }

    /**
     * The shard that the methods of a bean with this annotation belong to: the current one for a bean of its own shard, null for a
     * singleton.
     *
     * @param unknown what nobody would know of a bean of another scope
     * @throws IllegalStateException if it has another scope
     */
    public @Nullable Shard shardOf(Object bean, String name, ConfigurableListableBeanFactory beanFactory,
            String unknown) {
        String scope = beanFactory.containsBeanDefinition(name)
                ? beanFactory.getMergedBeanDefinition(name).getScope()
                : null;
        if (ShardScope.NAME.equals(scope)) {
            return Shard.current();
        }
        if (scope == null || scope.isEmpty() || ConfigurableListableBeanFactory.SCOPE_SINGLETON.equals(scope)) {
            return null;
        }
        throw new IllegalStateException("@" + annotation.getSimpleName() + ": bean '" + name + "' of "
                + bean.getClass().getName() + " has scope '" + scope + "', and nobody would know " + unknown
                + "; make it a singleton or @ShardScope");
    }

    private Map<Method, A> find(Class<?> type) {
        // Most classes have none, and one empty map serves them all.
        return AnnotationUtils.isCandidateClass(type, annotation) ? Map.copyOf(select(type)) : Map.of();
    }

    @SuppressWarnings("NullAway") // null leaves a method out
    private Map<Method, A> select(Class<?> type) {
        return MethodIntrospector.selectMethods(type,
                (MethodIntrospector.MetadataLookup<A>) method -> AnnotatedElementUtils
                        .findMergedAnnotation(method, annotation));
    }
}
