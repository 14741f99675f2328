package io.solaster.http.encoding;

import io.netty.buffer.ByteBuf;

/**
 * Compresses one body after the other. It holds memory outside of the heap, which is why a shard keeps a few and uses them
 * again. On the owning shard.
 */
public interface BodyEncoder {

    ContentEncoding encoding();

    /** As the configuration has it, from 1 to 9. */
    int level();

    /**
     * Compresses a part.
     *
     * @param part left as it is
     * @param to a direct buffer
     * @param flush whether a client is to be able to read all of it now
     */
    void write(ByteBuf part, ByteBuf to, boolean flush);

    /** Writes what is left; {@link #reset} makes it ready for another body. */
    void finish(ByteBuf to);

    /** Ready for another body, whatever has become of the one before. */
    void reset();

    /** Gives the memory back. */
    void close();
}
