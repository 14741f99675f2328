package io.solaster.config;

import org.jspecify.annotations.Nullable;

/** Knows where values of the configuration were written. {@link io.solaster.config.check.ConfigBinder} has one over Spring's property sources. */
@FunctionalInterface
public interface Origins {
    /** Knows of none. */
    Origins NONE = (key, value) -> null;

    /**
     * Where a key has its value from, for people: {@code application.yml:12:15}, {@code command line}.
     *
     * @param key such as {@code solaster.engine.shards}
     * @param value as it was written; empty where none was, which is answered with where its siblings stand
     * @return null where that is not known
     */
    @Nullable
    String of(String key, String value);
}
