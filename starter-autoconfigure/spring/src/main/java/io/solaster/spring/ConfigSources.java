package io.solaster.spring;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.config.ConfigDataEnvironmentUpdateListener;
import org.springframework.boot.context.config.ConfigDataLocation;
import org.springframework.boot.context.config.ConfigDataResource;
import org.springframework.boot.context.config.StandardConfigDataResource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.io.ResourceLoader;

/**
 * Reads the files that Spring Boot imported once more, into an environment of its own in which everything else stands
 * where it stood: variables of the environment and arguments still win. Not safe for several threads.
 */
final class ConfigSources {
    /** How Spring Boot names what it reads from files, and from trees of them. */
    private static final Pattern NAME = Pattern.compile("Config (resource|tree) '.*", Pattern.DOTALL);
    private static final Pattern TREE = Pattern.compile("Config tree '(.+?)'.*", Pattern.DOTALL);

    private final ConfigurableEnvironment original;
    private final ResourceLoader resources = new DefaultResourceLoader();
    /** Every file and tree that was read at any time. */
    private final Set<Path> files = new LinkedHashSet<>();

    ConfigSources(ConfigurableEnvironment original) {
        this.original = original;
    }

    /** Whether there is anything that was read from files. */
    boolean hasFiles() {
        return original.getPropertySources().stream().anyMatch(ConfigSources::isFile);
    }

    /** Files and directories that configuration was read from, in the order of reading. */
    Set<Path> files() {
        return files;
    }

    /**
     * Reads all files.
     *
     * @throws RuntimeException if one cannot be read, or is none
     */
    ConfigurableEnvironment read() {
        ConfigurableEnvironment scratch = empty();
        original.getPropertySources().stream().filter(source -> !isFile(source) && !isAttached(source))
                .forEach(scratch.getPropertySources()::addLast);
        Set<Path> found = new LinkedHashSet<>();
        Set<String> names = new LinkedHashSet<>();
        ConfigDataEnvironmentPostProcessor.applyTo(scratch, resources, null,
                List.of(original.getActiveProfiles()), new ConfigDataEnvironmentUpdateListener() {
                    @Override
                    public void onPropertySourceAdded(PropertySource<?> source,
                            @Nullable ConfigDataLocation location, @Nullable ConfigDataResource resource) {
                        names.add(source.getName());
                        add(source, resource, found);
                    }
                });
        List<PropertySource<?>> read = scratch.getPropertySources().stream()
                .filter(source -> names.contains(source.getName())).toList();
        ConfigurableEnvironment result = empty();
        copyInto(result.getPropertySources(), read);
        result.setActiveProfiles(original.getActiveProfiles());
        ConfigurationPropertySources.attach(result);
        files.addAll(found);
        return result;
    }

    /** Has the application's environment hold what was read, so that all who ask it see the same. */
    void publish(ConfigurableEnvironment read) {
        List<PropertySource<?>> fresh = read.getPropertySources().stream().filter(ConfigSources::isFile).toList();
        MutablePropertySources sources = original.getPropertySources();
        for (PropertySource<?> source : fresh) {
            if (sources.contains(source.getName())) {
                sources.replace(source.getName(), source);
            }
        }
        String before = null;
        for (PropertySource<?> source : fresh) {
            if (!sources.contains(source.getName())) {
                if (before == null) {
                    addBeforeFiles(sources, source);
                } else {
                    sources.addAfter(before, source);
                }
            }
            before = source.getName();
        }
        List<String> names = fresh.stream().map(PropertySource::getName).toList();
        sources.stream().filter(source -> isFile(source) && !names.contains(source.getName()))
                .map(PropertySource::getName).toList().forEach(sources::remove);
    }

    private static void addBeforeFiles(MutablePropertySources sources, PropertySource<?> source) {
        sources.stream().filter(ConfigSources::isFile).findFirst().ifPresentOrElse(
                first -> sources.addBefore(first.getName(), source), () -> sources.addLast(source));
    }

    /** What was read stands where the files stood; all else is as it was. */
    private void copyInto(MutablePropertySources result, List<PropertySource<?>> read) {
        boolean placed = false;
        for (PropertySource<?> source : original.getPropertySources()) {
            if (isFile(source)) {
                if (!placed) {
                    read.forEach(result::addLast);
                    placed = true;
                }
            } else if (!isAttached(source)) {
                result.addLast(source);
            }
        }
        if (!placed) {
            read.forEach(result::addLast);
        }
    }

    private static ConfigurableEnvironment empty() {
        return new StandardEnvironment() {
            @Override
            protected void customizePropertySources(MutablePropertySources sources) {
                // Those of the original are copied.
            }
        };
    }

    private static boolean isFile(PropertySource<?> source) {
        return NAME.matcher(source.getName()).matches();
    }

    private static boolean isAttached(PropertySource<?> source) {
        return ConfigurationPropertySources.isAttachedConfigurationPropertySource(source);
    }

    private static void add(PropertySource<?> source, @Nullable ConfigDataResource resource, Set<Path> files) {
        Matcher tree = TREE.matcher(source.getName());
        if (tree.matches()) {
            files.add(Path.of(tree.group(1)).toAbsolutePath());
        } else if (resource instanceof StandardConfigDataResource standard) {
            try {
                if (standard.getResource().isFile()) {
                    files.add(standard.getResource().getFile().toPath().toAbsolutePath());
                }
            } catch (IOException e) {
                // In a jar: it does not change.
            }
        }
    }
}
