package io.solaster.spring.shard;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.solaster.config.Internal;
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
