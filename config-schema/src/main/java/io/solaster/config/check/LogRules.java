package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

import io.solaster.config.log.LogConfig;
import org.jspecify.annotations.Nullable;

/** What must hold of logs, beside the ranges of their numbers. */
final class LogRules {
    private static final String LOGS = "solaster.logs";
    /** It is the name of a bean, and the tag of meters. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9-]*");

    private final Findings findings;
    private final Map<Path, String> directories = new HashMap<>();

    LogRules(Findings findings) {
        this.findings = findings;
    }

    void check(Map<String, LogConfig> logs) {
        logs.forEach((name, log) -> {
            String key = entryKey(LOGS, name);
            if (!NAME.matcher(name).matches()) {
                findings.add(key, name, "'" + name + "' cannot name a log",
                        "write letters, digits and '-', a letter first");
            }
            check(key, log);
        });
    }

    /** What must hold of one log, by its key. */
    void check(String key, LogConfig log) {
        String directory = log.directory();
        findings.given(key + ".directory", directory, "where the log lies, such as '/var/lib/orders/log'");
        if (directory != null && !directory.isBlank()) {
            directory(key + ".directory", directory);
        }
        findings.within(key + ".segment", log.segment(), "128KB", "16GB");
        findings.within(key + ".buffer", log.buffer(), "64KB", "1GB");
        if (log.buffer().compareTo(log.segment()) > 0) {
            findings.add(key + ".buffer", log.buffer(),
                    log.buffer() + " do not fit into a segment of " + log.segment(),
                    "write " + log.segment() + " or less, or raise " + key + ".segment");
        }
        if (log.retain().size() != null) {
            findings.within(key + ".retain.size", log.retain().size(), "128KB", "1024TB");
        }
        if (log.retain().age() != null) {
            findings.within(key + ".retain.age", log.retain().age(), Duration.ofSeconds(1), Duration.ofDays(36_500));
        }
    }

    private void directory(String key, String directory) {
        @Nullable
        Path path = path(key, directory);
        if (path != null) {
            String other = directories.putIfAbsent(path, key);
            if (other != null) {
                findings.add(key, directory, "'" + directory + "' is the directory of " + other + " too",
                        "give each log a directory of its own");
            }
        }
    }

    private @Nullable Path path(String key, String directory) {
        try {
            return Path.of(directory).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            findings.add(key, directory, "'" + directory + "' is no path: " + e.getReason(),
                    "write where the log lies, such as '/var/lib/orders/log'");
            return null;
        }
    }
}
