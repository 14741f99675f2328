package io.solaster.spring.pool;

import java.net.URI;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;

/**
 * A bean that finds the key of a request, for pools whose balancing goes by keys. It is asked where neither a
 * {@link PoolKey} nor {@code balancing.key} says it; of several the first that has one counts. Any thread.
 */
@FunctionalInterface
public interface PoolKeySource {

    /**
     * The key.
     *
     * @return whose text counts; null for none, so that the request goes to any endpoint
     */
    @Nullable
    Object key(String pool, HttpMethod method, URI uri, HttpHeaders headers);

    /** Whether it finds keys for a pool; one that does lets declared clients of that pool start without any other. */
    default boolean isFor(String pool) {
        return true;
    }
}
