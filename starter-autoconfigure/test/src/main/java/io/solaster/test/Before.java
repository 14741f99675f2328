package io.solaster.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a {@link io.solaster.testkit.chaos.FaultProxy}: the server that it stands before. */
@Documented
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface Before {
    /** The server's name, as in {@code solaster.servers.<name>}. */
    String value();
}
