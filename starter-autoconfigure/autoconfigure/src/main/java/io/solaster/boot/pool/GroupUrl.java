package io.solaster.boot.pool;

import java.net.URI;

import io.solaster.spring.pool.PoolUrl;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * The URL that Spring Boot has for an HTTP service group. Apart from {@link PoolGroups}, since pools start without
 * spring-web too. Any thread.
 */
final class GroupUrl {

    private GroupUrl() {}

    /** The URL that is configured for a group; null for none. */
    static @Nullable String of(Environment environment, String group) {
        return environment.getProperty("spring.http.serviceclient." + group + ".base-url");
    }

    /** The host that is configured for the group of a pool's name; null for none, or where it is the pool's name. */
    static @Nullable String host(Environment environment, String pool) {
        String url = of(environment, pool);
        try {
            return url == null ? null : PoolUrl.host(URI.create(url), pool);
        } catch (IllegalArgumentException templateOrWorse) {
            return null;
        }
    }
}
