package io.solaster.config.topic;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.jspecify.annotations.Nullable;

/**
 * What a topic keeps: whole segments of its files, of which the oldest go, consumed or not. Without any of these nothing goes.
 *
 * @param size how many bytes of full segments a shard keeps; what is older goes
 * @param age how old entries may be; a segment goes once the next one is older than that
 */
public record TopicRetainConfig(@Nullable ByteSize size, @Nullable Duration age) {

    /** Everything is kept. */
    public static TopicRetainConfig everything() {
        return new TopicRetainConfig(null, null);
    }
}
