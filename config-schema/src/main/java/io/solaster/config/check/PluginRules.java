package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginsConfig;

/** What must hold of plug-ins, beside the ranges of their numbers. */
final class PluginRules {
    private static final String KEY = "solaster.plugins";
    /** It is part of a file's name, and the tag of meters. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

    private final Findings findings;

    PluginRules(Findings findings) {
        this.findings = findings;
    }

    void check(PluginsConfig plugins) {
        if (plugins.directory() != null || !plugins.processors().isEmpty()) {
            findings.given(KEY + ".directory", plugins.directory(),
                    "where their files lie, such as '/etc/orders/plugins'");
        }
        if (plugins.directory() != null) {
            try {
                var ignored = Path.of(plugins.directory());
            } catch (InvalidPathException e) {
                findings.add(KEY + ".directory", plugins.directory(),
                        "'" + plugins.directory() + "' is no path: " + e.getReason(),
                        "write where the files of the plug-ins lie, such as '/etc/orders/plugins'");
            }
        }
        findings.within(KEY + ".poll-interval", plugins.pollInterval(), Duration.ofMillis(10), Duration.ofDays(1));
        plugins.processors().forEach((name, plugin) -> check(entryKey(KEY + ".processors", name), name, plugin));
    }

    private void check(String key, String name, PluginConfig plugin) {
        if (!NAME.matcher(name).matches()) {
            findings.add(key, name, "'" + name + "' cannot name a plug-in",
                    "write letters, digits, '.', '_' and '-', a letter first");
        }
        if (plugin.topics().isEmpty()) {
            findings.add(key + ".topics", "", "nothing is given",
                    "write the topics whose messages it looks at, such as 'orders', or '*' for all");
        }
        for (String topic : plugin.topics()) {
            int star = topic.indexOf('*');
            if (topic.isBlank() || star >= 0 && star < topic.length() - 1) {
                findings.add(key + ".topics", topic, "'" + topic + "' says no topics",
                        "write a name, or what names begin with and '*' at the end");
            }
        }
        findings.within(key + ".limits.time", plugin.limits().time(), Duration.ofNanos(100_000),
                Duration.ofMinutes(1));
        findings.within(key + ".limits.memory", plugin.limits().memory(), "64KB", "1GB");
    }
}
