package io.solaster.config.check;

import static io.solaster.config.check.ConfigTree.entryKey;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

import io.solaster.config.log.LogConfig;
import io.solaster.config.topic.StreamsConfig;
import io.solaster.config.topic.TopicConfig;
import org.jspecify.annotations.Nullable;

/** What must hold of logs and topics, beside the ranges of their numbers. */
final class LogRules {
    private static final String LOGS = "solaster.logs";
    /** It is the name of a bean, and the tag of meters. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

    private static final String TOPICS = "solaster.topics";
    private static final String TOPICS_OF_CODE = "topics";
    private static final Pattern TOPIC_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
    private static final int MOST_NAME = 200;
    /** What an entry's record has beside key, headers and value. */
    private static final int OF_A_RECORD = 4096;
    /** What the record of all partitions has for one. */
    private static final long OF_A_PARTITION = 12;

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
                        "write letters, digits, '.', '_' and '-', a letter first");
            }
            check(key, log);
        });
    }

    /** Those that are configured; their numbers' ranges are looked at with all others. */
    void checkTopics(StreamsConfig streams, Map<String, TopicConfig> topics) {
        if (streams.directory() != null) {
            var ignored = path("solaster.streams.directory", streams.directory());
        }
        topics.forEach((name, topic) -> {
            String key = entryKey(TOPICS, name);
            if (streams.place(name, topic).directory().isBlank()) {
                findings.add(key + ".directory", "", "nothing is given",
                        "write where the topic lies, such as '/var/lib/orders', or set solaster.streams.directory for"
                                + " all topics");
            }
            checkTopic(key, name, streams.place(name, topic), ConfigTree::kebab);
        });
    }

    /** Those that code opens: their keys are named as the record's components. */
    void checkTopics(Map<String, TopicConfig> topics) {
        topics.forEach((name, topic) -> {
            String key = entryKey(TOPICS_OF_CODE, name);
            findings.given(key + ".directory", topic.directory(), "where the topic lies, such as '/var/lib/orders'");
            number(key + ".partitions", topic.partitions(), 1, 16384);
            number(key + ".inFlight", topic.inFlight(), 1, 1 << 24);
            number(key + ".maxGroups", topic.maxGroups(), 1, 1 << 20);
            checkTopic(key, name, topic, component -> component);
        });
    }

    private void checkTopic(String key, String name, TopicConfig topic, UnaryOperator<String> spelled) {
        if (!TOPIC_NAME.matcher(name).matches() || name.length() > MOST_NAME) {
            findings.add(key, name, "'" + name + "' cannot name a topic",
                    "write letters, digits, '.', '_' and '-', a letter or digit first, up to " + MOST_NAME);
            // It may be part of a path.
            return;
        }
        checkPlaced(key, topic.log(topic.directory()));
        if (OF_A_PARTITION * topic.partitions() + OF_A_RECORD > topic.buffer().bytes() / 4) {
            findings.add(key + ".buffer", topic.buffer(),
                    "a quarter of " + topic.buffer() + " is too little for " + topic.partitions() + " partitions",
                    "write 1MB or more");
        }
        String maxEntry = key + "." + spelled.apply("maxEntry");
        findings.within(maxEntry, topic.maxEntry(), "1KB", "256MB");
        if (topic.maxEntry().bytes() + OF_A_RECORD > topic.buffer().bytes() / 4) {
            findings.add(maxEntry, topic.maxEntry(),
                    "an entry of " + topic.maxEntry() + " needs more than a quarter of a buffer of " + topic.buffer(),
                    "write less, or raise " + key + ".buffer, and " + key + ".segment with it");
        }
        String inFlightBytes = key + "." + spelled.apply("inFlightBytes");
        findings.within(inFlightBytes, topic.inFlightBytes(), "64KB", "16GB");
        if (topic.inFlightBytes().compareTo(topic.maxEntry()) < 0) {
            findings.add(inFlightBytes, topic.inFlightBytes(),
                    "an entry of " + topic.maxEntry() + " would never be accepted",
                    "write " + topic.maxEntry() + " or more");
        }
        findings.within(key + "." + spelled.apply("waitFor"), topic.waitFor(), Duration.ZERO, Duration.ofMinutes(5));
    }

    private void number(String key, int value, int least, int most) {
        if (value < least || value > most) {
            findings.add(key, value, value + " is out of range", "write a number from " + least + " to " + most);
        }
    }

    /** What must hold of one log, by its key. */
    void check(String key, LogConfig log) {
        findings.given(key + ".directory", log.directory(), "where the log lies, such as '/var/lib/orders/log'");
        checkPlaced(key, log);
    }

    private void checkPlaced(String key, LogConfig log) {
        String directory = log.directory();
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
                        "give each a directory of its own");
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
