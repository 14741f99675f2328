package io.solaster.boot;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.boot.context.config.ConfigData;
import org.springframework.boot.context.config.ConfigDataLoader;
import org.springframework.boot.context.config.ConfigDataLoaderContext;
import org.springframework.boot.context.config.ConfigDataLocation;
import org.springframework.boot.context.config.ConfigDataLocationResolver;
import org.springframework.boot.context.config.ConfigDataLocationResolverContext;
import org.springframework.boot.context.config.ConfigDataResource;
import org.springframework.core.env.MapPropertySource;

/** Configuration from afar, as of a configuration server: {@code spring.config.import: counted:…}. */
public final class CountedImports {
    /** How often it was imported. */
    static final AtomicInteger COUNT = new AtomicInteger();

    private CountedImports() {}

    /** What is imported. */
    public static final class Far extends ConfigDataResource {

        @Override
        public boolean equals(Object other) {
            return other instanceof Far;
        }

        @Override
        public int hashCode() {
            return Far.class.hashCode();
        }
    }

    /** Knows the prefix. */
    public static final class Resolver implements ConfigDataLocationResolver<Far> {

        @Override
        public boolean isResolvable(ConfigDataLocationResolverContext context, ConfigDataLocation location) {
            return location.hasPrefix("counted:");
        }

        @Override
        public List<Far> resolve(ConfigDataLocationResolverContext context, ConfigDataLocation location) {
            return List.of(new Far());
        }
    }

    /** Counts. */
    public static final class Loader implements ConfigDataLoader<Far> {

        @Override
        public ConfigData load(ConfigDataLoaderContext context, Far resource) {
            COUNT.incrementAndGet();
            return new ConfigData(List.of(new MapPropertySource("far", Map.of("counted", "1"))));
        }
    }
}
