package io.solaster.boot.plugin;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.solaster.streams.plugin.PluginStats;
import io.solaster.streams.plugin.Plugins;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * The plug-ins: what runs, how it does, and what went wrong; and a look at their files at once, where
 * {@code management.endpoint.plugins.access} is {@code unrestricted}. Nothing here waits for a shard.
 */
@Endpoint(id = "plugins", defaultAccess = Access.READ_ONLY)
final class PluginsEndpoint {
    private final Plugins plugins;

    PluginsEndpoint(Plugins plugins) {
        this.plugins = plugins;
    }

    @ReadOperation
    Map<String, Object> plugins() {
        Map<String, Object> all = new LinkedHashMap<>();
        plugins.stats().forEach(each -> all.put(each.name(), report(each)));
        return Map.of("plugins", all);
    }

    @ReadOperation
    @Nullable
    Map<String, Object> plugin(@Selector String name) {
        return find(name).stream().map(PluginsEndpoint::report).findFirst().orElse(null);
    }

    /** Looks at the files now; what comes of that shows when it is read next. */
    @WriteOperation
    Map<String, Object> reload() {
        var ignored = plugins.reload();
        return Map.of("reload", "begun");
    }

    private List<PluginStats> find(String name) {
        return plugins.stats().stream().filter(each -> each.name().equals(name)).toList();
    }

    private static Map<String, Object> report(PluginStats stats) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("state", stats.state().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        put(report, "kind", stats.kind());
        put(report, "version", stats.version());
        report.put("calls", stats.calls());
        report.put("failures", stats.failures());
        report.put("overruns", stats.overruns());
        report.put("missed", stats.missed());
        report.put("averageNanos", stats.time().toNanos());
        report.put("reloads", stats.reloads());
        report.put("lastSwapMicros", stats.lastSwap().toNanos() / 1000);
        put(report, "lastError", stats.lastError());
        put(report, "setAside", stats.setAside());
        if (!stats.leftThreads().isEmpty()) {
            report.put("leftThreads", stats.leftThreads());
        }
        return report;
    }

    private static void put(Map<String, Object> report, String key, @Nullable String value) {
        if (value != null) {
            report.put(key, value);
        }
    }
}
