package io.solaster.config.check;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.Origins;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.Wording;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.core.convert.ConversionFailedException;
import org.springframework.core.convert.ConverterNotFoundException;

/**
 * The one way from properties to {@link SolasterConfig}: for the service, the operator and the command line. Any thread
 * may call it. It alone in this package needs Spring Boot on the class path.
 */
public final class ConfigBinder {

    private ConfigBinder() {}

    /**
     * Binds and validates {@code solaster.*}: values that cannot be read, values that must not be and keys that nothing
     * reads are reported together.
     *
     * @throws InvalidConfigException naming every error
     */
    public static SolasterConfig bind(Binder binder) {
        return read(binder).orThrow();
    }

    /**
     * As {@link #bind}, but tells everything that is wrong instead of throwing it, warnings too, each with its origin.
     * Where {@code solaster.strict} is true they are errors.
     */
    public static ConfigReport read(Binder binder) {
        Collector collector = new Collector();
        SolasterConfig bound = binder.bindOrCreate("solaster", Bindable.of(SolasterConfig.class), collector);
        // Null only where the very top could not be read; NullAway trusts Spring's signature.
        SolasterConfig config = bound == null ? SolasterConfig.defaults() : bound;
        Origins origins = new SpringOrigins(collector.sources);
        UnknownKeys unknown = new UnknownKeys(config, collector.unreadableGroups);
        unknown.look(collector.sources);
        ConfigReport report = new ConfigReport(config, List.of(), unknown.links(), origins).plus(collector.violations)
                .plus(unknown.violations());
        return bound == null ? report : report.plus(ConfigValidator.check(config));
    }

    /**
     * As {@link #read(Binder)}, where the same keys have been read before and only some values are others now: only the
     * records that these stand in are bound again, which takes a tenth of the time.
     *
     * @param before what was read then, and was valid
     * @param changed the keys whose values are others now
     */
    public static ConfigReport read(Binder binder, ConfigReport before, Collection<ConfigurationPropertyName> changed) {
        Collector collector = new Collector();
        SolasterConfig config = before.config();
        for (ConfigurationPropertyName group : changed.stream().map(ConfigurationPropertyName::getParent).distinct()
                .toList()) {
            List<String> path = elements(group);
            Class<?> type = ConfigTree.group(path);
            Object bound = type == null ? null : binder.bindOrCreate(group, Bindable.of(type), collector);
            Object with = bound == null ? null : ConfigTree.replace(ConfigTree.ROOT, config, path, bound);
            if (with == null) {
                return read(binder);
            }
            config = (SolasterConfig) with;
        }
        Origins origins = changed.isEmpty() ? before.origins() : new SpringOrigins(collector.sources);
        return new ConfigReport(config, List.of(), before.ignored(), origins).plus(collector.violations)
                .plus(ConfigValidator.check(config));
    }

    /** The elements of a name below the first, as they are written. */
    private static List<String> elements(ConfigurationPropertyName name) {
        return IntStream.range(1, name.getNumberOfElements()).mapToObj(i -> name.getElement(i, Form.ORIGINAL)).toList();
    }

    /** Where the values of an environment were written. */
    public static Origins origins(Iterable<ConfigurationPropertySource> sources) {
        return new SpringOrigins(sources);
    }

    /** Notes each value that cannot be read and lets the binding go on with the default in its place. */
    private static final class Collector implements BindHandler {
        private static final Pattern LINK = Pattern.compile("^'(tcp|udp|sctp)://");

        final List<Violation> violations = new ArrayList<>();
        final Set<String> unreadableGroups = new HashSet<>();
        Iterable<ConfigurationPropertySource> sources = List.of();

        /** Spring quietly passes over a value that stands where a group of keys should, such as 'engine: 5'. */
        @Override
        public <T> Bindable<T> onStart(ConfigurationPropertyName name, Bindable<T> target, BindContext context) {
            sources = context.getSources();
            Class<?> type = target.getType().toClass();
            boolean keysOnly = ConfigTree.isGroup(type)
                    && !ConfigTree.isAlsoText(type, target.getType().getGeneric(0).resolve());
            String value = keysOnly ? written(name, context) : "";
            // Nothing at all is fine: a key below which all lines are commented out.
            if (!value.isEmpty()) {
                unreadableGroups.add(name.toString());
                add(name, value, "'" + value + "' stands where keys should", "write keys and values below it");
            }
            return target;
        }

        @Override
        public @Nullable Object onFailure(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
                Exception error) throws Exception {
            Class<?> type = target.getType().toClass();
            Method reader = ConfigTree.valueOf(type);
            if (ConfigTree.isGroup(type) && reader == null) {
                // Spring refuses a list with keys that nothing reads below it; those are told as such.
                if (error instanceof ConverterNotFoundException
                        || error instanceof UnboundConfigurationPropertiesException) {
                    return null;
                }
                throw error;
            }
            String value = error instanceof ConversionFailedException failed && failed.getValue() != null
                    ? failed.getValue().toString()
                    : written(name, context);
            if (type == boolean.class && value.isEmpty() && isFlag(name, context)) {
                return true;
            }
            Throwable cause = error;
            if (reader != null && error instanceof ConverterNotFoundException) {
                // Spring finds valueOf(String) by itself, but YAML's numbers are no strings.
                try {
                    return reader.invoke(null, value);
                } catch (InvocationTargetException e) {
                    cause = e;
                }
            }
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            String[] said = said("'" + value + "'", type, String.valueOf(cause.getMessage()));
            add(name, value, said[0], said[1]);
            return null;
        }

        private void add(ConfigurationPropertyName name, String value, String reason, String fix) {
            violations.add(new Violation(name.toString(), value, reason, fix));
        }

        /** An argument without a value, such as {@code --solaster.strict}. */
        private static boolean isFlag(ConfigurationPropertyName name, BindContext context) {
            return SpringOrigins.COMMAND_LINE.equals(new SpringOrigins(context.getSources()).of(name.toString(), ""));
        }

        private static String written(ConfigurationPropertyName name, BindContext context) {
            for (ConfigurationPropertySource source : context.getSources()) {
                ConfigurationProperty property = source.getConfigurationProperty(name);
                if (property != null) {
                    return String.valueOf(property.getValue());
                }
            }
            return "";
        }

        /** The reason and the fix. */
        private static String[] said(String value, Class<?> type, String message) {
            if (type.isEnum()) {
                return new String[]{value + " is no choice here",
                        Arrays.stream(type.getEnumConstants()).map(choice -> Wording.choice((Enum<?>) choice))
                                .collect(Collectors.joining(", ", "write one of ", ""))};
            }
            if (type == Duration.class) {
                return new String[]{value + " is no duration",
                        "write a number and its unit, such as 500us, 20ms, 10s or 5m"};
            }
            if (type == boolean.class) {
                return new String[]{value + " is neither true nor false", "write true or false"};
            }
            if (type == int.class && LINK.matcher(value).find()) {
                return new String[]{value + " is no number but the link to a Kubernetes Service",
                        "set enableServiceLinks: false in the pod, or give the Service another name"};
            }
            if (type == int.class) {
                return new String[]{value + " is no whole number, or too large a one",
                        "write one up to " + Integer.MAX_VALUE};
            }
            if (type == Double.class || type == double.class) {
                return new String[]{value + " is no number", "write one such as 0.01"};
            }
            // Our value types word their errors as 'reason; fix'.
            int fix = message.indexOf("; ");
            return fix < 0
                    ? new String[]{message, "write a value that can be read"}
                    : new String[]{message.substring(0, fix), message.substring(fix + 2)};
        }
    }
}
