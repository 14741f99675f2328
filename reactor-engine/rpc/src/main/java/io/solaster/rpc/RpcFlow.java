package io.solaster.rpc;

/** How much a reader of a stream wants, and whether it wants more at all. On the shard of the stream. */
public interface RpcFlow {

    /**
     * Asks for so many messages more. What was not asked for is not sent.
     *
     * @throws IllegalArgumentException if it is less than 1
     */
    void request(int messages);

    /** Wants nothing more: the call is cancelled. Once it has ended, this does nothing. */
    void cancel();
}
