package io.solaster.rpc;

import io.solaster.config.value.ByteSize;

/**
 * What one side takes of streams before what has come was read. The messages of a stream are those that its reader asks for.
 *
 * @param messages of all streams of a connection together
 * @param bytes of all streams of a connection together; the last message may go beyond
 * @param streamBytes of one stream; the last message may go beyond
 */
public record RpcWindow(int messages, ByteSize bytes, ByteSize streamBytes) {
    /** What holds unless something else is said. */
    public static final RpcWindow DEFAULTS = new RpcWindow(1024, new ByteSize(1 << 20), new ByteSize(256 << 10));

    private static final long MOST = 1 << 30;

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException if one is out of its bounds
     */
    public RpcWindow {
        if (messages < 1 || bytes.bytes() < 1 || bytes.bytes() > MOST || streamBytes.bytes() < 1
                || streamBytes.bytes() > MOST) {
            throw new IllegalArgumentException("window of " + messages + " messages, " + bytes + ", " + streamBytes
                    + " a stream; give 1 or more, and no more bytes than " + new ByteSize(MOST));
        }
    }
}
