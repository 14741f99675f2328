package io.solaster.log;

import io.netty.buffer.ByteBuf;

/**
 * Takes the records of one shard when a log is opened, the oldest first: {@link Log#open}. On that shard, on a virtual thread: it
 * may wait, and the next record is read when it returns.
 */
@FunctionalInterface
public interface RecordConsumer {

    /**
     * Takes one.
     *
     * @param sequence its number: one more than that of the record before
     * @param epoch what it was appended with
     * @param kind what it was appended with
     * @param payload until this returns; retain or copy what is to stay
     * @throws Exception what is thrown ends the opening, and the log is not opened
     */
    void record(long sequence, long epoch, int kind, ByteBuf payload) throws Exception;

    /**
     * All were taken, though perhaps there were none: a log that was let go of up to its end tells here alone where it is.
     *
     * @param next the number of the record that would come next
     * @throws Exception as of {@link #record}
     */
    default void ended(long next) throws Exception {}
}
