package io.solaster.log;

import io.netty.buffer.ByteBuf;

/** Says which records are needed still: {@link ShardLog#compact}. On the shard. */
@FunctionalInterface
public interface RecordFilter {

    /**
     * Whether a record stays. Asked twice, and is to answer the same.
     *
     * @param payload until this returns
     */
    boolean keeps(long sequence, int kind, ByteBuf payload);
}
