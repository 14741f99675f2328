package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/** What a {@link LoadGenerator} sends, and how it tells replies apart. On its thread; allocates nothing. */
public interface Wire {

    /** Bytes of the longest request. */
    int longestRequest();

    /** Writes the next request to the beginning of an array, and gives its length. */
    int request(SplittableRandom random, byte[] to);

    /**
     * The length of the reply at the buffer's position; 0 if it is not all here.
     *
     * @throws IOException if it is an error
     */
    int replyLength(ByteBuffer in) throws IOException;
}
