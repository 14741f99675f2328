package io.solaster.config.value;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On a component of a configuration record: it may change while the application runs, and so may all that stands below
 * it. Entries may be added to a map, but not taken away. What has no such mark needs a restart.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Reloadable {}
