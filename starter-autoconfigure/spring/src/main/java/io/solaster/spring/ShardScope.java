package io.solaster.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.annotation.AliasFor;

/**
 * One instance of the bean per shard, for a {@code @Component} or a {@code @Bean} method. Each is made on its shard once
 * all singletons are there, and destroyed on it before any of them is.
 *
 * <p>
 * Inject {@code Sharded<T>} anywhere and say which instance is meant; or the bean itself, which is a proxy that finds the
 * instance of the shard that calls, and answers any other thread with an {@link OffShardException}. Shard-scoped beans
 * that are injected into each other are those of one shard. A constructor of such a bean may ask for the
 * {@link io.solaster.engine.Shard}. With {@code @Lazy}, an instance is made when it is first called.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Scope(ShardScope.NAME)
public @interface ShardScope {
    /** The scope's name. */
    String NAME = "shard";

    /**
     * What is injected for the bean itself: a proxy of its class, of its interfaces, or none, which is for final classes;
     * they are reached by {@code Sharded<T>}, and by other shard-scoped beans.
     */
    @AliasFor(annotation = Scope.class)
    ScopedProxyMode proxyMode() default ScopedProxyMode.TARGET_CLASS;
}
