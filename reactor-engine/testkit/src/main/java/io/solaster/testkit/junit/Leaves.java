package io.solaster.testkit.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import io.solaster.testkit.left.Left;

/** What a test, or each test of a class, leaves behind on purpose: a comment beside it says why. */
@Documented
@Inherited
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Leaves {
    /** What is not looked for. */
    Left[] value();
}
