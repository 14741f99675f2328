package io.solaster.boot.pool;

import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.Pools;
import org.springframework.core.Ordered;

/** When our say in HTTP service groups comes, and in which. */
final class PoolGroups {
    /** Before Spring Boot's, so that a URL that is configured stands. */
    static final int BEFORE_BOOT = Ordered.HIGHEST_PRECEDENCE;
    /** After Spring Boot's, which set a client of their own up to 0, and before the application's. */
    static final int AFTER_BOOT = 10;

    private PoolGroups() {}

    /** Whether a group has a pool of its name that speaks HTTP. */
    static boolean speakHttp(Pools pools, String group) {
        return pools.find(group).filter(pool -> pool.client() instanceof PooledHttpClient).isPresent();
    }
}
