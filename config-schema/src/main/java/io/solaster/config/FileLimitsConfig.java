package io.solaster.config;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What an engine asks of its disk at most, reads and writes together: half of one and half of another is all. Each shard has an
 * even part.
 *
 * @param readBytesPerSecond bytes read in a second; 0 for no limit
 * @param writeBytesPerSecond bytes written in a second; 0 for no limit
 * @param readsPerSecond reads in a second; 0 for no limit
 * @param writesPerSecond writes in a second; 0 for no limit
 */
public record FileLimitsConfig(@DefaultValue("0") ByteSize readBytesPerSecond,
        @DefaultValue("0") ByteSize writeBytesPerSecond,
        @DefaultValue("0") @Range(min = 0, max = 1 << 30) int readsPerSecond,
        @DefaultValue("0") @Range(min = 0, max = 1 << 30) int writesPerSecond) {

    /** What an empty configuration gives: no limits. */
    public static FileLimitsConfig defaults() {
        return new FileLimitsConfig(new ByteSize(0), new ByteSize(0), 0, 0);
    }
}
