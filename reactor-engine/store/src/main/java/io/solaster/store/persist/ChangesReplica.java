package io.solaster.store.persist;

import java.io.IOException;
import java.util.function.LongPredicate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.log.LogDamagedException;
import io.solaster.log.Replica;
import org.jspecify.annotations.Nullable;

/**
 * Has the changes done that records have, as a {@link Journal} has written them, and pieces of snapshots, but for those of
 * transactions that are left out. It keeps no more of them than one change. On a virtual thread of the shard that reads them.
 */
abstract class ChangesReplica implements Replica, AutoCloseable {
    private static final int KEPT = 1 << 20;

    private LongPredicate leftOut = none -> false;
    private ByteBuf rest = ByteBufAllocator.DEFAULT.directBuffer(0);
    /** Whose change the rest is the beginning of. */
    private long restOf;
    private long next = 1;
    /** Whether anything came. */
    private boolean begun;
    private boolean installing;
    private @Nullable Throwable failed;
    private long count;
    private long bytes;

    /**
     * Does some changes.
     *
     * @param changes direct memory, until this returns
     */
    abstract void change(ByteBuf changes) throws IOException;

    /** Throws if there may be no change now. */
    abstract void mayChange(boolean first);

    /** Which transactions are left out, by their ids. */
    final void leaveOut(LongPredicate transactions) {
        leftOut = transactions;
    }

    @Override
    public final long next() {
        return next;
    }

    private void begin() {
        refuseIfFailed();
        mayChange(!begun);
    }

    private void refuseIfFailed() {
        Throwable why = failed;
        if (why != null) {
            throw new IllegalStateException("what came before has failed, so drop all and install it anew: " + why,
                    why);
        }
    }

    @Override
    public final void install(ByteBuf piece) throws IOException {
        begin();
        if (begun && !installing) {
            throw new IllegalStateException("a snapshot is installed behind record " + (next - 1)
                    + ": drop all before");
        }
        begun = true;
        installing = true;
        try {
            whole(piece);
        } catch (IOException | RuntimeException | Error why) {
            failed = why;
            throw why;
        }
    }

    @Override
    public final void installed(long from) {
        begin();
        if (from < 1 || begun && !installing) {
            throw new IllegalStateException("a snapshot up to record " + from + " ends where none was begun");
        }
        begun = true;
        installing = false;
        next = from;
    }

    @Override
    public final void apply(long sequence, long epoch, int kind, ByteBuf payload) throws IOException {
        begin();
        if (installing) {
            throw new IllegalStateException("record " + sequence + " comes before the end of the snapshot");
        }
        begun = true;
        if (sequence < next) {
            return;
        }
        if (sequence > next) {
            throw new LogDamagedException(count == 0
                    ? "the log begins with record " + sequence + ", and what was before "
                            + "is in no snapshot from record " + next + " on: bring the missing snapshot back"
                    : "record " + sequence + " comes where record " + next + " belongs: give each, in their order",
                    null);
        }
        count++;
        bytes += payload.readableBytes();
        try {
            record(sequence, kind, payload);
        } catch (IOException | RuntimeException | Error why) {
            failed = why;
            throw why;
        }
        next = sequence + 1;
    }

    private void record(long sequence, int kind, ByteBuf payload) throws IOException {
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
            change(changes);
        } else {
            ByteBuf copy = ByteBufAllocator.DEFAULT.directBuffer(changes.readableBytes());
            try {
                change(copy.writeBytes(changes, changes.readerIndex(), changes.readableBytes()));
            } finally {
                copy.release();
            }
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
            change(all.slice(all.readerIndex(), length));
            all.skipBytes(length);
        }
        if (direct) {
            rest.writeBytes(changes);
        }
        if (rest.isReadable()) {
            rest.discardReadBytes();
        } else {
            forgetRest();
        }
    }

    private void forgetRest() {
        if (rest.capacity() > KEPT) {
            rest.release();
            rest = ByteBufAllocator.DEFAULT.directBuffer(0);
        } else {
            rest.clear();
        }
    }

    /** As if nothing had ever come. */
    final void reset() {
        rest.clear();
        forgetRest();
        next = 1;
        begun = false;
        installing = false;
        failed = null;
        count = 0;
        bytes = 0;
    }

    /** Throws if what came is no whole state. */
    final void mayLead() {
        refuseIfFailed();
        if (installing) {
            throw new IllegalStateException("the snapshot was not installed to its end: drop all and install it anew");
        }
    }

    /** Records that were applied. */
    final long count() {
        return count;
    }

    /** Bytes of them. */
    final long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        rest.release();
    }
}
