package io.solaster.store.persist;

import java.io.IOException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.log.LogDamagedException;
import io.solaster.log.RecordConsumer;

/**
 * Makes steps of the records of a log, as a {@link Journal} has written them. One that lacks its end, since a crash took that, is
 * left out. On a virtual thread of the shard that reads them.
 */
final class StepReader implements RecordConsumer, AutoCloseable {
    private final long from;
    private final Steps steps;
    private final ByteBuf parts = ByteBufAllocator.DEFAULT.directBuffer();
    private boolean begun;
    private long oldest;
    private long count;
    private long bytes;

    /** Takes each step. */
    interface Steps {
        /**
         * Takes one.
         *
         * @param changes direct memory, until this returns
         */
        void step(ByteBuf changes) throws IOException;
    }

    /** @param from records before this one are left out: a snapshot has what they say */
    StepReader(long from, Steps steps) {
        this.from = from;
        this.steps = steps;
    }

    @Override
    public void record(long sequence, long epoch, int kind, ByteBuf payload) throws IOException {
        if (oldest == 0) {
            oldest = sequence;
            if (sequence > Math.max(1, from)) {
                throw new LogDamagedException("the log begins with record " + sequence + ", and what was before "
                        + "is in no snapshot from record " + from + " on: bring the missing snapshot back", null);
            }
        }
        if (sequence < from) {
            return;
        }
        count++;
        bytes += payload.readableBytes();
        switch (kind) {
            case Journal.WHOLE -> {
                begun = false;
                if (payload.isDirect()) {
                    steps.step(payload);
                } else {
                    parts.clear().writeBytes(payload);
                    steps.step(parts);
                }
            }
            case Journal.FIRST -> {
                parts.clear().writeBytes(payload);
                begun = true;
            }
            case Journal.NEXT, Journal.LAST -> {
                if (!begun) {
                    throw new IllegalStateException("record " + sequence + " goes on with a step that was not begun");
                }
                parts.writeBytes(payload);
                if (kind == Journal.LAST) {
                    begun = false;
                    steps.step(parts);
                }
            }
            default -> throw new IllegalStateException("record " + sequence + " is of kind " + kind
                    + ", which this release does not know; take a newer one");
        }
    }

    /** Records that were told. */
    long count() {
        return count;
    }

    /** Bytes of them. */
    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        parts.release();
    }
}
