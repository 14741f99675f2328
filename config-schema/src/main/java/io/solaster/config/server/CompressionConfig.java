package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Which responses are compressed for clients that accept it.
 *
 * @param enabled whether responses are compressed; leave it out where secrets and what a stranger sends share a response
 * @param minSize the shortest response that is worth it, where its length is known
 * @param level from 1, the quickest, to 9, the smallest
 * @param encodings what bodies may be compressed with, of 'zstd', 'br' and 'gzip', with commas between them, the server's
 *            favourite first; 'zstd' and 'br' need their libraries and are left out where those are missing
 * @param mimeTypes the content types that are compressed, with commas between them; 'text/*' stands for all of a kind
 */
public record CompressionConfig(@DefaultValue("false") boolean enabled, @DefaultValue("2KB") ByteSize minSize,
        @DefaultValue("6") @Range(min = 1, max = 9) int level,
        @DefaultValue(ENCODINGS) String encodings, @DefaultValue(MIME_TYPES) String mimeTypes) {
    private static final String ENCODINGS = "zstd,br,gzip";
    private static final String MIME_TYPES = "text/html,text/xml,text/plain,text/css,text/javascript,"
            + "application/javascript,application/json,application/xml,application/problem+json,image/svg+xml";

    /** What an empty configuration gives. */
    public static CompressionConfig defaults() {
        return new CompressionConfig(false, new ByteSize(2 << 10), 6, ENCODINGS, MIME_TYPES);
    }
}
