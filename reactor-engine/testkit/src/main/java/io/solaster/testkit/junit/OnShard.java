package io.solaster.testkit.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a method of a {@link SolasterTest}, be it a test or what runs before or after each: it runs in a fork of the shard, so
 * that it may touch the shard's state and wait as it likes. On a class: all of those do. On a parameter of type
 * {@link io.solaster.engine.Shard}: that shard.
 */
@Documented
@Inherited
@Target({ElementType.METHOD, ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
public @interface OnShard {
    /** The shard's number, from 0. */
    int value() default 0;
}
