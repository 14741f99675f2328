package io.solaster.http;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;

/** A response that has a buffer at hand which most likely is copied into its own. Any thread. */
@Internal
public interface BodySource {
    /** What a body is taken to come to, in bytes, where nothing is known of it. */
    int FIRST_GUESS = 512;

    /** An empty buffer to {@link HttpResponse#send(ByteBuf)}. */
    ByteBuf newBody();
}
