package io.solaster.log.command;

import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;

/** Says what the records of one shard's log hold, which come in their order. On one thread. */
public interface RecordLines extends AutoCloseable {
    /**
     * Says what a record holds.
     *
     * @param payload heap or direct memory, until this returns
     * @param about takes what is added to the line that names the record; before the first of the lines
     * @param line takes each line below that one
     */
    void tell(long sequence, int kind, ByteBuf payload, Consumer<String> about, Consumer<String> line);

    @Override
    void close();
}
