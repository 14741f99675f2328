package io.solaster.spring.pool;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * An argument of a declared HTTP client that is the request's key, for a pool whose balancing goes by keys: requests with
 * the same text of it go to the same endpoint. It may be a path variable, a parameter or the like beside that.
 */
@Documented
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface PoolKey {
    /** The request's attribute that holds the key; by hand it is set on a RestClient's or WebClient's request. */
    String ATTRIBUTE = "io.solaster.spring.pool.PoolKey";
}
