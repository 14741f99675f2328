package io.solaster.boot.cache;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Caches in the store, where 'spring.cache.type' is 'solaster'.
 *
 * @param timeToLive after which a value is gone; for good if it is not set, until memory is wanted and 'solaster.store.eviction' says so
 * @param timesToLive the same of single caches, by their names
 * @param cacheNullValues whether 'null' is a value that is kept
 * @param keyPrefix what the keys in the store begin with, before the cache's name
 */
@ConfigurationProperties("spring.cache.solaster")
record StoreCacheProperties(@Nullable Duration timeToLive, @DefaultValue Map<String, Duration> timesToLive,
        @DefaultValue("true") boolean cacheNullValues, @DefaultValue("") String keyPrefix) {

    StoreCacheProperties {
        check("spring.cache.solaster.time-to-live", timeToLive);
        timesToLive.forEach((name, each) -> check("spring.cache.solaster.times-to-live." + name, each));
    }

    private static void check(String property, @Nullable Duration time) {
        if (time != null && time.toMillis() < 1) {
            throw new IllegalArgumentException(property + ": " + time + " given; give 1ms or more, or leave it out");
        }
    }

    /** Of one cache; zero for good. */
    Duration timeToLive(String cache) {
        Duration own = timesToLive.getOrDefault(cache, timeToLive);
        return own == null ? Duration.ZERO : own;
    }
}
