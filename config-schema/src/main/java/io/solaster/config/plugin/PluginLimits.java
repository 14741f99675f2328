package io.solaster.config.plugin;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a call of a plug-in may take.
 *
 * @param time how long: WebAssembly is stopped then, or up to one and a half times as late; of Java it is told afterwards
 * @param memory how much memory an instance of WebAssembly may have, on each shard; Java has no such limit
 */
public record PluginLimits(@DefaultValue("1ms") Duration time, @DefaultValue("16MB") ByteSize memory) {

    /** What an empty configuration gives. */
    public static PluginLimits defaults() {
        return new PluginLimits(Duration.ofMillis(1), new ByteSize(16 << 20));
    }
}
