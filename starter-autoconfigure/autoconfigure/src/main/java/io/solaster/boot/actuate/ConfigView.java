package io.solaster.boot.actuate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.check.ConfigTree;
import io.solaster.spring.reload.ConfigCheck;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.AbstractEnvironment;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

/** The effective configuration, key by key, each with where it came from. Any thread. */
final class ConfigView {
    private final Supplier<SolasterConfig> config;
    private final Environment environment;
    private final Sanitizer sanitizer;
    private final ObjectProvider<ConfigReloads> reloads;
    private final ConfigCheck check;

    ConfigView(Supplier<SolasterConfig> config, Environment environment, Sanitizer sanitizer,
            ObjectProvider<ConfigReloads> reloads, ConfigCheck check) {
        this.config = config;
        this.environment = environment;
        this.sanitizer = sanitizer;
        this.reloads = reloads;
        this.check = check;
    }

    /**
     * What the endpoint answers with.
     *
     * @param values by key
     * @param lastReload the last time that a change was seen; null if there was none, or nothing reloads
     */
    record Report(Map<String, Value> values, ConfigReloads.@Nullable Last lastReload) {}

    /**
     * One value.
     *
     * @param value as it is written in a file, or asterisks where it is not to be shown
     * @param origin the file and line, variable or argument that it came from; null for a default
     * @param reloadable whether a change of it is applied without a restart
     */
    record Value(@Nullable Object value, @Nullable String origin, boolean reloadable) {}

    /**
     * The result of a check.
     *
     * @param valid whether an application would start with it
     * @param violations all that is wrong, errors and warnings
     */
    record Check(boolean valid, List<Violation> violations) {}

    /** @param showValues whether values may be seen, as far as sanitizing functions allow */
    Report report(boolean showValues) {
        Map<String, Value> values = new LinkedHashMap<>();
        Optional<ConfigReloads> known = Optional.ofNullable(reloads.getIfAvailable());
        ConfigTree.visit(config.get(), (key, value) -> values.put(key, value(key, written(value), showValues,
                known.map(reload -> reload.isReloadable(key)).orElse(false))));
        return new Report(values, known.flatMap(ConfigReloads::last).orElse(null));
    }

    /** Checks a file's text as it would be checked at the start, of this machine and nothing else. */
    Check check(String yaml) {
        try {
            ConfigurableEnvironment alone = new AbstractEnvironment() {};
            new YamlPropertySourceLoader()
                    .load("checked", new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8), "yaml"))
                    .forEach(alone.getPropertySources()::addFirst);
            ConfigurationPropertySources.attach(alone);
            ConfigReport report = check.check(alone);
            return new Check(report.isValid(), report.violations());
        } catch (InvalidConfigException e) {
            return new Check(false, e.violations());
        } catch (IOException | RuntimeException e) {
            return new Check(false, List.of(new Violation("", "", "it cannot be read: " + e.getMessage(),
                    "write YAML with keys below 'solaster'")));
        }
    }

    private Value value(String key, @Nullable Object value, boolean showValues, boolean reloadable) {
        Found found = find(key);
        Object shown = value == null
                ? null
                : sanitizer.sanitize(new SanitizableData(found == null ? null : found.source, key, value), showValues);
        return new Value(shown, found == null ? null : found.origin, reloadable);
    }

    private @Nullable Found find(String key) {
        ConfigurationPropertyName name = ConfigurationPropertyName.of(key);
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                PropertySource<?> under = source.getUnderlyingSource() instanceof PropertySource<?> it ? it : null;
                String where = property.getOrigin() == null
                        ? under == null ? "somewhere" : under.getName()
                        : property.getOrigin().toString();
                return new Found(under, where);
            }
        }
        return null;
    }

    private record Found(@Nullable PropertySource<?> source, String origin) {}

    /** As JSON has it. */
    private static @Nullable Object written(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case Number number -> number;
            case Boolean yes -> yes;
            case List<?> list -> list.stream().map(ConfigTree::written).toList();
            default -> ConfigTree.written(value);
        };
    }
}
