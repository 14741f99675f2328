package io.solaster.config;

import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The threads for work that blocks. Each purpose has threads and a queue of its own, so that none keeps another waiting.
 *
 * @param threads how many threads run work that blocks: drivers, DNS, the application's own
 * @param fileThreads how many threads open, read and write files
 * @param handshakeThreads how many threads do the arithmetic of TLS handshakes
 * @param queueCapacity how many calls of one purpose may wait for a thread before further ones are refused
 */
public record OffloadConfig(@DefaultValue("4") @Range(min = 1, max = 1024) int threads,
        @DefaultValue("4") @Range(min = 1, max = 1024) int fileThreads,
        @DefaultValue("4") @Range(min = 1, max = 1024) int handshakeThreads,
        @DefaultValue("1024") @Range(min = 1, max = 1 << 20) int queueCapacity) {

    /** What an empty configuration gives. */
    public static OffloadConfig defaults() {
        return of(4, 1024);
    }

    /** As many threads for each purpose. */
    public static OffloadConfig of(int threads, int queueCapacity) {
        return new OffloadConfig(threads, threads, threads, queueCapacity);
    }
}
