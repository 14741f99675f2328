package io.solaster.spring.reload;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.PropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;

/**
 * Which keys of configuration files are Solaster's, and what the files say of them. A file that changed in the
 * application's keys alone need not be read as Spring reads it, which would import once more what comes from afar.
 */
final class OwnKeys {
    private static final ConfigurationPropertyName LEVELS = ConfigurationPropertyName.of("logging.level.io.solaster");
    /** What else decides on the values that are in force: which files there are. */
    private static final List<ConfigurationPropertyName> STEERING = Stream.of("spring.config", "spring.profiles")
            .map(ConfigurationPropertyName::of).toList();
    private static final List<PropertySourceLoader> LOADERS = List.of(new YamlPropertySourceLoader(),
            new PropertiesPropertySourceLoader());
    private static final String PLACEHOLDER = "${";
    private static final int DEPTH = 8;

    private OwnKeys() {}

    /** Whether a key is Solaster's: below {@code solaster}, or the level of one of its loggers. */
    static boolean isOwn(String key) {
        ConfigurationPropertyName name = name(key);
        return is(ConfigCheck.SOLASTER, name) || is(LEVELS, name);
    }

    private static boolean decides(String key) {
        ConfigurationPropertyName name = name(key);
        return is(ConfigCheck.SOLASTER, name) || is(LEVELS, name) || STEERING.stream().anyMatch(each -> is(each, name));
    }

    private static ConfigurationPropertyName name(String key) {
        return ConfigurationPropertyName.adapt(key, '.');
    }

    private static boolean is(ConfigurationPropertyName parent, ConfigurationPropertyName name) {
        return parent.equals(name) || parent.isAncestorOf(name);
    }

    /**
     * What files say that decides on Solaster's keys, by place. Reads the files alone, and nothing that they import.
     *
     * @return equal to another answer if nothing of Solaster's has changed between the two; null where that cannot be told,
     *         as the values depend on others or the file is of an unknown kind
     */
    static @Nullable Map<String, String> read(Collection<Path> files) {
        Map<String, String> found = new TreeMap<>();
        try {
            for (Path file : files) {
                if (!(Files.isDirectory(file) ? tree(file, found) : file(file, found))) {
                    return null;
                }
            }
        } catch (IOException | RuntimeException e) {
            // Told when it is read in full.
            return null;
        }
        return found;
    }

    private static boolean file(Path file, Map<String, String> found) throws IOException {
        String name = file.getFileName().toString();
        for (PropertySourceLoader loader : LOADERS) {
            for (String extension : loader.getFileExtensions()) {
                if (name.endsWith("." + extension)) {
                    int document = 0;
                    for (PropertySource<?> source : loader.load(name, new FileSystemResource(file))) {
                        if (!document(file + "#" + document++ + " ", (EnumerablePropertySource<?>) source, found)) {
                            return false;
                        }
                    }
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean document(String place, EnumerablePropertySource<?> source, Map<String, String> found) {
        for (String key : source.getPropertyNames()) {
            if (decides(key) && !put(place + key, String.valueOf(source.getProperty(key)), found)) {
                return false;
            }
        }
        return true;
    }

    private static boolean tree(Path root, Map<String, String> found) throws IOException {
        try (Stream<Path> below = Files.walk(root, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : below.filter(Files::isRegularFile).toList()) {
                String key = root.relativize(file).toString().replace('/', '.');
                // What begins with two dots is Kubernetes' own way to the same files.
                if (!key.startsWith("..") && decides(key) && !put(root + " " + key, Files.readString(file), found)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static boolean put(String place, String value, Map<String, String> found) {
        found.put(place, value);
        return !value.contains(PLACEHOLDER);
    }
}
