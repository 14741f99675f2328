package io.solaster.config.log;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import org.jspecify.annotations.Nullable;

/**
 * What a shard's log keeps: whole segments, of which the oldest go. Without any of these nothing goes by itself.
 *
 * @param size how many bytes of full segments a shard keeps; what is older goes
 * @param age how old records may be; a segment goes once the next one is older than that
 */
public record RetainConfig(@Nullable ByteSize size, @Nullable Duration age) {

    /** Everything is kept. */
    public static RetainConfig everything() {
        return new RetainConfig(null, null);
    }
}
