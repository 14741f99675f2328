package io.solaster.spring.reload;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigReport;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;

/**
 * What was read, and the values that it was read from: so that after a change only the records that it is in are read
 * again. Binding all of them takes milliseconds, since Spring parses the annotations of a record each time.
 *
 * @param report what came of it
 * @param values what stands below {@code solaster} in each source, with placeholders resolved; null if a source does not
 *            tell what it holds
 */
record ConfigReading(ConfigReport report, @Nullable Map<Place, Object> values) {

    /** Where a value stands: the number of its source, from the first that is asked, and its name there. */
    record Place(int source, ConfigurationPropertyName name) {}

    /** Reads what an environment holds now. */
    static ConfigReading of(Environment environment, @Nullable ConfigReading before, Duration phase) {
        Map<Place, Object> values = values(environment);
        List<ConfigurationPropertyName> changed = before == null || !before.report.isValid()
                ? null
                : changed(before.values, values);
        return new ConfigReading(before == null || changed == null
                ? ConfigCheck.read(environment, phase)
                : ConfigCheck.within(phase,
                        ConfigBinder.read(ConfigCheck.binder(environment, ConfigCheck.SOLASTER), before.report,
                                changed),
                        environment),
                values);
    }

    ConfigReading with(ConfigReport checked) {
        return new ConfigReading(checked, values);
    }

    /** What has another value; null if something has come or gone. */
    private static @Nullable List<ConfigurationPropertyName> changed(@Nullable Map<Place, Object> before,
            @Nullable Map<Place, Object> now) {
        if (before == null || now == null || !before.keySet().equals(now.keySet())) {
            return null;
        }
        List<ConfigurationPropertyName> changed = new ArrayList<>();
        now.forEach((place, value) -> {
            if (!value.equals(before.get(place))) {
                changed.add(place.name());
            }
        });
        return changed;
    }

    private static @Nullable Map<Place, Object> values(Environment environment) {
        PropertySourcesPlaceholdersResolver resolver = new PropertySourcesPlaceholdersResolver(environment);
        List<ConfigurationPropertySource> sources = ConfigCheck.sources(environment, ConfigCheck.SOLASTER);
        Map<Place, Object> values = new HashMap<>();
        for (int i = 0; i < sources.size(); i++) {
            if (!(sources.get(i) instanceof IterableConfigurationPropertySource source)) {
                return null;
            }
            for (ConfigurationPropertyName name : source) {
                ConfigurationProperty property = ConfigCheck.SOLASTER.isAncestorOf(name)
                        ? source.getConfigurationProperty(name)
                        : null;
                if (property != null) {
                    try {
                        values.put(new Place(i, name), resolver.resolvePlaceholders(property.getValue()));
                    } catch (IllegalArgumentException e) {
                        // A placeholder that leads nowhere: the binder will tell.
                        return null;
                    }
                }
            }
        }
        return values;
    }
}
