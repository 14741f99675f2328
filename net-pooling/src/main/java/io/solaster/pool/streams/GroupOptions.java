package io.solaster.pool.streams;

import java.time.Duration;

/**
 * How a group is consumed. Immutable.
 *
 * @param key the stream's
 * @param group made where it is not there, and the stream with it
 * @param consumer a name that no other process has: entries that are pending for it are taken up again at a start
 * @param from where a group that is made begins: an id, {@code 0} for all entries, {@code $} for those to come
 * @param window entries that were delivered and not acknowledged, at most; as many are asked for at once
 * @param block how long the server waits for an entry, before it is asked again
 * @param acknowledgeAfter how long an acknowledgement waits for others to go with it
 * @param claimEvery how often entries are claimed that other consumers have left
 * @param claimIdle for how long such entries are pending at least: longer than a handler ever takes
 * @param drain how long {@link StreamConsumer#close} waits for handlers
 */
public record GroupOptions(String key, String group, String consumer, String from, int window, Duration block,
        Duration acknowledgeAfter, Duration claimEvery, Duration claimIdle, Duration drain) {
    public GroupOptions {
        if (window < 1) {
            throw new IllegalArgumentException("window: " + window + ", and 1 entry at least");
        }
        if (block.toMillis() < 1 || claimEvery.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "block: " + block + ", claimEvery: " + claimEvery + ", and 1 ms at least");
        }
    }

    /** The usual: a window of 256 entries, claims every 15 seconds of what was left for a minute. */
    public static GroupOptions of(String key, String group, String consumer) {
        return new GroupOptions(key, group, consumer, "0", 256, Duration.ofSeconds(2), Duration.ofMillis(5),
                Duration.ofSeconds(15), Duration.ofMinutes(1), Duration.ofSeconds(10));
    }

    /** This with another beginning for a group that is made. */
    public GroupOptions from(String id) {
        return new GroupOptions(key, group, consumer, id, window, block, acknowledgeAfter, claimEvery, claimIdle,
                drain);
    }

    /** This with another window. */
    public GroupOptions window(int entries) {
        return new GroupOptions(key, group, consumer, from, entries, block, acknowledgeAfter, claimEvery, claimIdle,
                drain);
    }

    /** This with other claims. */
    public GroupOptions claims(Duration every, Duration idle) {
        return new GroupOptions(key, group, consumer, from, window, block, acknowledgeAfter, every, idle, drain);
    }
}
