package io.solaster.log.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;

/**
 * How records lie in a segment: one behind the other, each at a multiple of 8 bytes, filled up with zeros. All numbers are
 * little-endian.
 *
 * <pre>
 *  0  int   CRC32C of what follows, up to the end of the payload, XOR the lower half of the log's salt
 *  4  int   length in bytes: this header and the payload
 *  8  long  sequence
 * 16  long  epoch
 * 24  byte  kind: 0 is the log's own, all else the user's
 * 25  3     zeros
 * 28  int   check of length, sequence, epoch and kind, by the salt
 * 32        payload
 * </pre>
 *
 * The check tells a header from anything else without reading what it says follows: so neither garbage nor a payload that holds
 * a copy of a log has a reader look for gigabytes, or take for a record what is none. Whoever fills payloads does not know the
 * salt.
 *
 * <p>
 * A record of kind 0 is a mark: the first of each write. It takes no sequence, and its payload says up to which one all had been
 * synced when it was written. Of what a crash may have torn, no later mark says that. Where records were left out of a full segment,
 * one of kind 0 with another length stands in their place: its sequence is that of the first, its payload how many there were.
 */
@Internal
public final class Records {
    /** Bytes of a record before its payload. */
    public static final int HEADER = 32;
    /** Of the log's own records. */
    public static final int MARK = 0;
    /** The greatest kind. */
    public static final int MOST_KIND = 255;
    /** Bytes of a mark. */
    public static final int MARK_BYTES = HEADER + Long.BYTES;
    /** Of what stands in the place of records that were left out. */
    public static final int GAP_BYTES = HEADER + 2 * Long.BYTES;
    /** Records begin at multiples of it. */
    public static final int ALIGNMENT = 8;
    /** No record is longer, in bytes, its header included. */
    public static final int MOST_LENGTH = 1 << 29;

    /** Where the length is: a record and its padding take {@link #padded} of it. */
    public static final int LENGTH_AT = 4;
    /** Where the sequence is. */
    public static final int SEQUENCE_AT = 8;
    /** Where the epoch is. */
    public static final int EPOCH_AT = 16;
    /** Where the kind is: the lowest byte. */
    public static final int KIND_AT = 24;
    static final int CHECK_AT = 28;

    private static final long GOLDEN = 0x9E37_79B9_7F4A_7C15L;
    private static final long OTHER = 0xC2B2_AE3D_27D4_EB4FL;

    private Records() {}

    /** How much a record of a length takes. */
    public static int padded(int length) {
        return length + ALIGNMENT - 1 & -ALIGNMENT;
    }

    /**
     * Writes the header of a record whose payload lies behind it already.
     *
     * @param buffer of direct memory
     * @param view of the same memory, from the buffer's index 0 on; its position and limit are changed
     */
    public static void seal(ByteBuf buffer, ByteBuffer view, CRC32C crc, int at, int length, long sequence, long epoch,
            int kind, long salt) {
        buffer.setIntLE(at + LENGTH_AT, length);
        buffer.setLongLE(at + SEQUENCE_AT, sequence);
        buffer.setLongLE(at + EPOCH_AT, epoch);
        buffer.setIntLE(at + KIND_AT, kind);
        buffer.setIntLE(at + CHECK_AT, check(length, sequence, epoch, kind, salt));
        buffer.setIntLE(at, crc(view, crc, at, length, salt));
    }

    /** A run of records that are left out. */
    @Internal
    public static final class Gap {
        private final CRC32C crc = new CRC32C();
        private long first;
        private long count;
        private long epoch;

        /** So many records from one on are left out too: they follow those before. */
        public void add(long sequence, long more, long lastEpoch) {
            if (count == 0) {
                first = sequence;
            }
            count += more;
            epoch = lastEpoch;
        }

        /** Forgets the run. */
        public void clear() {
            count = 0;
        }

        /** Writes what stands in its place, if anything, and begins anew. */
        public void write(ByteBuf into, long salt) {
            if (count == 0) {
                return;
            }
            int at = into.writerIndex();
            into.ensureWritable(GAP_BYTES);
            into.setLongLE(at + HEADER, count).setLongLE(at + HEADER + Long.BYTES, 0);
            into.writerIndex(at + GAP_BYTES);
            seal(into, into.nioBuffer(0, at + GAP_BYTES), crc, at, GAP_BYTES, first, epoch, MARK, salt);
            count = 0;
        }
    }

    /** Whether there is the header of a record that is no longer than this. */
    public static boolean isHeader(ByteBuf buffer, int at, long most, long salt) {
        int length = buffer.getIntLE(at + LENGTH_AT);
        return length >= HEADER && length <= most && length <= MOST_LENGTH
                && buffer.getIntLE(at + CHECK_AT) == check(length, buffer.getLongLE(at + SEQUENCE_AT),
                        buffer.getLongLE(at + EPOCH_AT), buffer.getIntLE(at + KIND_AT), salt);
    }

    /**
     * What the record's first four bytes are, if it is whole.
     *
     * @param view of the memory that it is in; its position and limit are changed
     */
    public static int crc(ByteBuffer view, CRC32C crc, int at, int length, long salt) {
        crc.reset();
        view.limit(at + length).position(at + LENGTH_AT);
        crc.update(view);
        return (int) crc.getValue() ^ (int) salt;
    }

    private static int check(int length, long sequence, long epoch, int kind, long salt) {
        long mixed = (salt ^ sequence) * GOLDEN;
        mixed = (mixed ^ mixed >>> 29 ^ epoch) * OTHER;
        mixed = (mixed ^ mixed >>> 31 ^ ((long) length << 32 | kind & 0xFFFF_FFFFL)) * GOLDEN;
        return (int) (mixed >>> 32);
    }
}
