package io.solaster.store.persist;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * What goes into a log as one record, or as several of one transaction if it is very much; and how {@link Journal}'s records say
 * of which transaction they are: behind the changes, all little-endian.
 */
final class LogStep {
    /** Of a record that has all of a step. */
    static final int WHOLE = 1;
    // 2 to 4 were of steps that had several records, before transactions had.
    /** Of a record of a transaction that goes on: changes, then its id. */
    static final int PART = 5;
    /** Of the last record of a transaction on this shard: changes, then the shards that have such a record, how many, its id. */
    static final int END = 6;
    /** Of a record that has nothing but what each has: up to where transactions are known to be whole. */
    static final int NOTE = 7;
    /** Of a record that says that a transaction was left out, as a shard lacked its part: its id. */
    static final int DROPPED = 8;

    static final short[] NOBODY = {};

    private final ByteBuf changes;
    private final int kind;
    private final long id;
    private final short[] with;

    /**
     * @param changes what is readable is not there yet; is released with this
     * @param kind of the last record
     * @param id of the transaction
     * @param with the shards of an end
     */
    LogStep(ByteBuf changes, int kind, long id, short[] with) {
        this.changes = changes;
        this.kind = kind;
        this.id = id;
        this.with = with;
    }

    /** How many records it takes, each with so many bytes at most. */
    int records(int most) {
        int count = 1;
        for (int left = changes.readableBytes(); left + suffix(kind, with) > most; count++) {
            left -= piece(left, most);
        }
        return count;
    }

    /** Of the next record. */
    int kind(int most) {
        return isLast(most) ? kind : PART;
    }

    void release() {
        changes.release();
    }

    /** Bytes of changes in a record that is not the last. */
    private static int piece(int left, int most) {
        return Math.min(left, most - Long.BYTES);
    }

    /** Whether what is left has room in one record. */
    boolean isLast(int most) {
        return changes.readableBytes() + suffix(kind, with) <= most;
    }

    /** What the next record has; its caller releases it. */
    ByteBuf next(int most) {
        int length = changes.readableBytes();
        ByteBuf suffix = Unpooled.buffer(suffix(kind, with));
        if (isLast(most)) {
            writeSuffix(suffix, kind, id, with);
        } else {
            writeSuffix(suffix, PART, id, NOBODY);
            length = piece(length, most);
        }
        return Unpooled.wrappedBuffer(changes.readRetainedSlice(length), suffix);
    }

    /** Bytes of a record behind the changes. */
    static int suffix(int kind, short[] with) {
        return switch (kind) {
            case PART, DROPPED -> Long.BYTES;
            case END -> Long.BYTES + Short.BYTES * (1 + with.length);
            default -> 0;
        };
    }

    /** Writes them. */
    static void writeSuffix(ByteBuf to, int kind, long id, short[] with) {
        if (kind == END) {
            for (short each : with) {
                to.writeShortLE(each);
            }
            to.writeShortLE(with.length);
        }
        if (suffix(kind, with) > 0) {
            to.writeLongLE(id);
        }
    }

    /** The transaction of a record of one. */
    static long idOf(ByteBuf payload) {
        return payload.getLongLE(payload.writerIndex() - Long.BYTES);
    }

    /** The shards of a record that ends a transaction. */
    static short[] withOf(ByteBuf payload) {
        int at = payload.writerIndex() - Long.BYTES - Short.BYTES;
        short[] with = new short[payload.getShortLE(at)];
        for (int i = 0; i < with.length; i++) {
            with[i] = payload.getShortLE(at - Short.BYTES * (with.length - i));
        }
        return with;
    }

    /** What is readable of a record without what says of which transaction it is. */
    static int changesOf(int kind, ByteBuf payload) {
        int with = kind == END ? payload.getShortLE(payload.writerIndex() - Long.BYTES - Short.BYTES) : 0;
        return payload.readableBytes()
                - (kind == END ? Long.BYTES + Short.BYTES * (1 + with) : kind == PART ? Long.BYTES : 0);
    }
}
