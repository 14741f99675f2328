package io.solaster.spring.reload;

import java.io.IOException;
import java.nio.file.Path;
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
import org.springframework.boot.context.properties.bind.PlaceholdersResolver;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.io.Resource;
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
    /** Every file and tree that was read at any time, by Spring Boot at the start or here. */
    private final Set<Path> files = new LinkedHashSet<>();

    ConfigSources(ConfigurableEnvironment original) {
        this.original = original;
        original.getPropertySources().stream().filter(ConfigSources::isFile)
                .forEach(source -> add(source, null, files));
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

    /**
     * Has the application's environment hold what was read of Solaster's keys, so that all who ask it see the same. Its other
     * keys stay as they are.
     */
    void publish(ConfigurableEnvironment read) {
        List<PropertySource<?>> fresh = read.getPropertySources().stream().filter(ConfigSources::isFile).toList();
        PlaceholdersResolver placeholders = new PropertySourcesPlaceholdersResolver(read);
        MutablePropertySources sources = original.getPropertySources();
        String before = null;
        for (PropertySource<?> source : fresh) {
            PropertySource<?> old = sources.get(source.getName());
            if (ReloadedSource.isOfInterest(source) || ReloadedSource.isOfInterest(old)) {
                ReloadedSource reloaded = new ReloadedSource(source.getName(), old, source, placeholders);
                if (old != null) {
                    sources.replace(source.getName(), reloaded);
                } else if (before != null) {
                    sources.addAfter(before, reloaded);
                } else {
                    addBeforeFiles(sources, reloaded);
                }
                before = source.getName();
            } else if (old != null) {
                before = source.getName();
            }
        }
        List<String> names = fresh.stream().map(PropertySource::getName).toList();
        sources.stream().filter(source -> isFile(source) && !names.contains(source.getName())
                && ReloadedSource.isOfInterest(source)).toList()
                .forEach(gone -> sources.replace(gone.getName(),
                        new ReloadedSource(gone.getName(), gone, null, placeholders)));
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
            return;
        }
        Resource of = resource instanceof StandardConfigDataResource standard ? standard.getResource() : origin(source);
        try {
            if (of != null && of.isFile()) {
                files.add(of.getFile().toPath().toAbsolutePath());
            }
        } catch (IOException e) {
            // In a jar: it does not change.
        }
    }

    /** What the values of a source were read from. */
    private static @Nullable Resource origin(PropertySource<?> source) {
        if (source instanceof EnumerablePropertySource<?> known) {
            for (String name : known.getPropertyNames()) {
                if (OriginLookup.getOrigin(source, name) instanceof TextResourceOrigin text) {
                    return text.getResource();
                }
            }
        }
        return null;
    }
}
