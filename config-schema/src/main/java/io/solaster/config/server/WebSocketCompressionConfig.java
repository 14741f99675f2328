package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * permessage-deflate of WebSockets, as RFC 7692 has it.
 *
 * @param enabled whether it is agreed upon with clients that offer it; it takes the shard's time
 * @param level from 1, the quickest, to 9, the smallest
 * @param threshold messages shorter than this are sent as they are
 * @param contextTakeover whether a message may refer to those before it: smaller, for about 300 KB a connection
 */
public record WebSocketCompressionConfig(@DefaultValue("false") boolean enabled,
        @DefaultValue("1") @Range(min = 1, max = 9) int level, @DefaultValue("1KB") ByteSize threshold,
        @DefaultValue("false") boolean contextTakeover) {

    /** What an empty configuration gives. */
    public static WebSocketCompressionConfig defaults() {
        return new WebSocketCompressionConfig(false, 1, new ByteSize(1L << 10), false);
    }
}
