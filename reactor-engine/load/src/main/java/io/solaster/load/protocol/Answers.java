package io.solaster.load.protocol;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Who is told of answers: the connection. On its shard. */
public interface Answers {

    /** Requests may begin. */
    void ready();

    /** At most so many requests may be under way from now on. */
    void room(int most);

    /**
     * The oldest request is answered.
     *
     * @param error of what kind, where the answer is an error; from a small set of texts
     */
    void answered(@Nullable String error);

    /**
     * A request is answered, maybe before older ones.
     *
     * @param number which of the connection's requests, from 0
     * @param error as for {@link #answered(String)}
     */
    void answered(int number, @Nullable String error);

    /** The connection takes no more requests, and ends when those under way are answered. */
    void last();

    /** Where to write what the protocol itself has to say; is sent after the read. */
    ByteBuf out();
}
