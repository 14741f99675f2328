package io.solaster.store.persist;

import java.io.IOException;
import java.util.function.LongPredicate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.log.LogDamagedException;
import io.solaster.log.RecordConsumer;

/**
 * Gives the changes of a log's records, as a {@link Journal} has written them, but for those of transactions that are left out.
 * It keeps no more of them than one change. On a virtual thread of the shard that reads them.
 */
final class StepReader implements RecordConsumer, AutoCloseable {
    private static final int KEPT = 1 << 20;

    private final long from;
    private final LongPredicate leftOut;
    private final Steps steps;
    private ByteBuf rest = ByteBufAllocator.DEFAULT.directBuffer();
    /** Whose change the rest is the beginning of. */
    private long restOf;
    private long oldest;
    private long count;
    private long bytes;

    /** Takes changes. */
    interface Steps {
        /**
         * Takes some.
         *
         * @param changes direct memory, until this returns
         */
        void step(ByteBuf changes) throws IOException;
    }

    /**
     * @param from records before this one are left out: a snapshot has what they say
     * @param leftOut transactions that are, by their ids
     */
    StepReader(long from, LongPredicate leftOut, Steps steps) {
        this.from = from;
        this.leftOut = leftOut;
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
            case LogStep.WHOLE -> whole(payload);
            case LogStep.PART, LogStep.END -> {
                long id = LogStep.idOf(payload);
                if (!leftOut.test(id)) {
                    if (rest.isReadable() && restOf != id) {
                        throw new IllegalStateException("record " + sequence + " goes on with another change than the "
                                + "one before has begun");
                    }
                    restOf = id;
                    piece(payload.slice(payload.readerIndex(), LogStep.changesOf(kind, payload)));
                }
            }
            case LogStep.NOTE, LogStep.DROPPED -> {
                // For who reads before.
            }
            default -> throw new IllegalStateException("record " + sequence + " is of kind " + kind
                    + ", which this release does not know; take the one that wrote it");
        }
    }

    private void whole(ByteBuf changes) throws IOException {
        if (changes.isDirect()) {
            steps.step(changes);
        } else {
            rest.writeBytes(changes);
            steps.step(rest);
            rest.clear();
        }
    }

    /** A change may go on in the next record. */
    private void piece(ByteBuf changes) throws IOException {
        boolean direct = !rest.isReadable() && changes.isDirect();
        if (!direct) {
            rest.writeBytes(changes);
        }
        ByteBuf all = direct ? changes : rest;
        int length = ChangeReader.wholeLength(all);
        if (length > 0) {
            steps.step(all.slice(all.readerIndex(), length));
            all.skipBytes(length);
        }
        if (direct) {
            rest.writeBytes(changes);
        }
        if (rest.isReadable()) {
            rest.discardReadBytes();
        } else if (rest.capacity() > KEPT) {
            rest.release();
            rest = ByteBufAllocator.DEFAULT.directBuffer();
        } else {
            rest.clear();
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
        rest.release();
    }
}
