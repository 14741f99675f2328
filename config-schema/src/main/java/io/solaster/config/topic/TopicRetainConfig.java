package io.solaster.config.topic;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a topic keeps: whole segments of its files, of which the oldest go, consumed or not; and of each key the last entry. Without
 * any of these nothing goes.
 *
 * @param size how many bytes of full segments a shard keeps; what is older goes
 * @param age how old entries may be; a segment goes once the next one is older than that
 * @param lastPerKey whether an entry goes some time after a later one of the same key was published, consumed or not; those
 *            without a key stay
 */
public record TopicRetainConfig(@Nullable ByteSize size, @Nullable Duration age,
        @DefaultValue("false") boolean lastPerKey) {

    /** Everything is kept. */
    public static TopicRetainConfig everything() {
        return new TopicRetainConfig(null, null, false);
    }

    /** This, with of each key the last entry alone, or with all. */
    public TopicRetainConfig withLastPerKey(boolean newLastPerKey) {
        return new TopicRetainConfig(size, age, newLastPerKey);
    }

    /** Whether something goes. */
    public boolean isLimited() {
        return size != null || age != null || lastPerKey;
    }
}
