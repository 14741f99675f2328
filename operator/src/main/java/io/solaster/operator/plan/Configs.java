package io.solaster.operator.plan;

import java.util.LinkedHashMap;
import java.util.Map;

import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigReport;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * Reads services' configurations, and remembers those it read last: a service is planned again whenever a node or a pod
 * changes, and its configuration hardly ever does. Any thread.
 */
final class Configs {
    private static final int REMEMBERED = 2_048;

    private static final Map<Map<String, String>, ConfigReport> READ = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Map<String, String>, ConfigReport> eldest) {
            return size() > REMEMBERED;
        }
    };

    private Configs() {}

    static ConfigReport read(Map<String, String> properties) {
        synchronized (READ) {
            ConfigReport known = READ.get(properties);
            if (known != null) {
                return known;
            }
        }
        ConfigReport report = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(properties)));
        synchronized (READ) {
            READ.put(Map.copyOf(properties), report);
        }
        return report;
    }
}
