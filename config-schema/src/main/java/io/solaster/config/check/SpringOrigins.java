package io.solaster.config.check;

import java.io.IOException;

import io.solaster.config.Origins;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginTrackedResource;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.boot.origin.SystemEnvironmentOrigin;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;

/** Origins by Spring's property sources, of which the first that has a key wins. */
final class SpringOrigins implements Origins {
    static final String COMMAND_LINE = "command line";
    static final String VARIABLE = "environment variable ";

    private final Iterable<ConfigurationPropertySource> sources;

    SpringOrigins(Iterable<ConfigurationPropertySource> sources) {
        this.sources = sources;
    }

    @Override
    public @Nullable String of(String key, String value) {
        ConfigurationPropertyName name = ConfigurationPropertyName.ofIfValid(key);
        if (name == null) {
            return null;
        }
        for (ConfigurationPropertySource source : sources) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                return describe(property);
            }
        }
        String below = below(name);
        // Nothing is written there: its siblings show where it should be.
        return below == null && value.isEmpty() ? below(name.getParent()) : below;
    }

    private @Nullable String below(ConfigurationPropertyName name) {
        for (ConfigurationPropertySource source : sources) {
            if (source instanceof IterableConfigurationPropertySource iterable) {
                String found = iterable.stream().filter(name::isAncestorOf).findFirst()
                        .map(source::getConfigurationProperty).map(SpringOrigins::describe).orElse(null);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /** In the words of those who wrote it, files as editors and terminals open them: {@code application.yml:12:15}. */
    static @Nullable String describe(ConfigurationProperty property) {
        Origin origin = property.getOrigin();
        if (origin instanceof PropertySourceOrigin byName) {
            if (byName.getOrigin() != null) {
                origin = byName.getOrigin();
            } else {
                String source = byName.getPropertySource().getName();
                return switch (source) {
                    case "commandLineArgs" -> COMMAND_LINE;
                    case "systemProperties" -> "system property";
                    case "systemEnvironment" -> VARIABLE + byName.getPropertyName();
                    default -> "property source '" + source + "'";
                };
            }
        }
        return switch (origin) {
            case SystemEnvironmentOrigin variable -> VARIABLE + variable.getProperty();
            case TextResourceOrigin text when text.getLocation() != null -> file(text.getResource()) + ":"
                    + (text.getLocation().getLine() + 1) + ":" + (text.getLocation().getColumn() + 1);
            case null -> null;
            default -> origin.toString();
        };
    }

    private static String file(@Nullable Resource resource) {
        Resource inner = resource instanceof OriginTrackedResource tracked ? tracked.getResource() : resource;
        if (inner == null) {
            return "a file";
        }
        if (inner instanceof ClassPathResource onClassPath) {
            return "classpath:" + onClassPath.getPath();
        }
        try {
            if (inner.isFile()) {
                return inner.getFile().getPath();
            }
        } catch (IOException e) {
            // Its description will do.
        }
        return inner.getDescription();
    }
}
