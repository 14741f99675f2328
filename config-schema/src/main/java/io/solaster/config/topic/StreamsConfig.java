package io.solaster.config.topic;

import org.jspecify.annotations.Nullable;

/**
 * What all topics have in common.
 *
 * @param directory where topics lie that name no directory of their own, each in one of its name
 */
public record StreamsConfig(@Nullable String directory) {

    /** What an empty configuration gives: each topic names its directory. */
    public static StreamsConfig defaults() {
        return new StreamsConfig(null);
    }

    /** This with another directory. */
    public StreamsConfig withDirectory(@Nullable String newDirectory) {
        return new StreamsConfig(newDirectory);
    }

    /** A topic in the directory that it has: its own, or one below this one's. Empty if there is neither. */
    public TopicConfig place(String name, TopicConfig topic) {
        return !topic.directory().isBlank() || directory == null || directory.isBlank()
                ? topic
                : topic.withDirectory(directory + (directory.endsWith("/") ? "" : "/") + name);
    }
}
