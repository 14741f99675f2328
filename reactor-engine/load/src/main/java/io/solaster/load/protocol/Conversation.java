package io.solaster.load.protocol;

import io.netty.buffer.ByteBuf;

/** One connection's side of a protocol. On the shard that owns the connection; makes no garbage per request. */
public interface Conversation {

    /**
     * Writes what begins the connection.
     *
     * @return whether requests may follow at once; else they wait for {@link Answers#ready}
     */
    default boolean begin(ByteBuf out) {
        return true;
    }

    /**
     * Writes the next request.
     *
     * @param recorded which of the recorded requests; below 0 for one of its own
     */
    void request(ByteBuf out, int recorded);

    /**
     * Reads answers. What is left in the buffer comes again with more behind it; it is never longer than
     * {@link BadAnswer#MOST}.
     *
     * @throws BadAnswer if what came is no answer; the connection ends
     */
    void read(ByteBuf in, Answers to);

    /** The server has ended the connection: for answers that last until then. */
    default void ended(Answers to) {}
}
