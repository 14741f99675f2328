package io.solaster.config.plugin;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Code that looks at messages of topics, and changes while the process runs.
 *
 * @param directory where the files of the plug-ins lie; whoever may write there may run code in this process
 * @param pollInterval how often the files are looked at; one that has changed, and has been left alone for as long, is loaded
 * @param processors plug-ins by name, in the order in which they look at a message: each is the file '&lt;name&gt;.wasm', or the
 *            jar whose manifest has that Plugin-Id
 */
public record PluginsConfig(@Nullable String directory, @DefaultValue("1s") Duration pollInterval,
        @DefaultValue Map<String, PluginConfig> processors) {

    public PluginsConfig {
        // Not Map.copyOf: their order counts.
        processors = Collections.unmodifiableMap(new LinkedHashMap<>(processors));
    }

    /** What an empty configuration gives: no plug-in. */
    public static PluginsConfig defaults() {
        return new PluginsConfig(null, Duration.ofSeconds(1), Map.of());
    }

    /** This with another directory. */
    public PluginsConfig withDirectory(@Nullable String newDirectory) {
        return new PluginsConfig(newDirectory, pollInterval, processors);
    }

    /** This, looking at the files at other times. */
    public PluginsConfig withPollInterval(Duration newPollInterval) {
        return new PluginsConfig(directory, newPollInterval, processors);
    }

    /** This with other plug-ins. */
    public PluginsConfig withProcessors(Map<String, PluginConfig> newProcessors) {
        return new PluginsConfig(directory, pollInterval, newProcessors);
    }
}
