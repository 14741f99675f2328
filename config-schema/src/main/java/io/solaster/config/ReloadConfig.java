package io.solaster.config;

import java.time.Duration;

import io.solaster.config.value.Reloadable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How changed configuration files take effect while the application runs.
 *
 * @param enabled whether files that configuration was read from are watched
 * @param debounce how long files must be left alone before they are read again, so that none is read half-written
 * @param pollInterval how often files are looked at where the system does not tell of changes, as on network file systems
 */
public record ReloadConfig(@DefaultValue("true") boolean enabled,
        @Reloadable @DefaultValue("200ms") Duration debounce,
        @Reloadable @DefaultValue("5s") Duration pollInterval) {

    /** What an empty configuration gives. */
    public static ReloadConfig defaults() {
        return new ReloadConfig(true, Duration.ofMillis(200), Duration.ofSeconds(5));
    }
}
