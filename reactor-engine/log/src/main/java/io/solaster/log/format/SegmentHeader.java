package io.solaster.log.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/**
 * What a segment begins with. It is on the disk before the first record is written, and says that all records before were.
 *
 * <pre>
 *  0  long  "SOLASLOG"
 *  8  int   version
 * 12  int   shard
 * 16  int   shards of the engine
 * 20  int   of a segment that was compacted, the lower half of how many records it stands for; else zero
 * 24  long  sequence of the first record
 * 32  long  sequence of the oldest record that the log keeps
 * 40  long  salt: the same in all segments of a shard
 * 48  long  milliseconds since 1970 when it was made
 * 56  long  epoch of the record before the first
 * 64  int   the upper half of that
 * 68  int   CRC32C of what stands before
 * </pre>
 *
 * Records begin at {@link #DATA}. Later versions keep the magic number, the version and the CRC where they are.
 *
 * @param version of the format
 * @param shard the shard's number
 * @param shards how many there were
 * @param first the sequence of the first record
 * @param oldest what is before it may be missing
 * @param salt see {@link Records}
 * @param madeMillis milliseconds since 1970
 * @param epoch of the record before the first, be it that the log has let go of that: epochs never go back
 * @param span of a segment that was compacted, how many records it stands for: those that were left out too; 0 for others
 */
@Internal
public record SegmentHeader(int version, int shard, int shards, long first, long oldest, long salt, long madeMillis,
        long epoch, long span) {
    /** What is written now. */
    public static final int VERSION = 1;
    /** What is written by compaction. */
    public static final int COMPACTED = 2;
    /** Where records begin: a header must not be torn with them. */
    public static final int DATA = 4096;
    /** Its bytes. */
    public static final int BYTES = 72;

    private static final long MAGIC = 0x474F_4C53_414C_4F53L;
    private static final int CRC_AT = 68;

    /** Of a segment that begins with the same record, and stands for those before another. */
    public SegmentHeader compacted(long end) {
        return new SegmentHeader(COMPACTED, shard, shards, first, first, salt, madeMillis, epoch, end - first);
    }

    /** Whether this release knows its version. */
    boolean isKnown() {
        return version == VERSION || version == COMPACTED;
    }

    /** Writes it, with zeros up to {@link #DATA}. */
    public void write(ByteBuf into) {
        int at = into.writerIndex();
        into.writeLongLE(MAGIC).writeIntLE(version).writeIntLE(shard).writeIntLE(shards).writeIntLE((int) span)
                .writeLongLE(first)
                .writeLongLE(oldest).writeLongLE(salt).writeLongLE(madeMillis)
                .writeLongLE(epoch).writeIntLE((int) (span >>> 32));
        into.writeIntLE(crc(into, at)).writeZero(DATA - BYTES);
    }

    /** Reads one; null where there is none, or a damaged one. */
    static @Nullable SegmentHeader read(ByteBuf from, int at) {
        if (from.getLongLE(at) != MAGIC || from.getIntLE(at + CRC_AT) != crc(from, at)) {
            return null;
        }
        return new SegmentHeader(from.getIntLE(at + 8), from.getIntLE(at + 12), from.getIntLE(at + 16),
                from.getLongLE(at + 24), from.getLongLE(at + 32), from.getLongLE(at + 40), from.getLongLE(at + 48),
                from.getLongLE(at + 56),
                from.getUnsignedIntLE(at + 20) | (long) from.getIntLE(at + 64) << 32);
    }

    private static int crc(ByteBuf buffer, int at) {
        CRC32C crc = new CRC32C();
        ByteBuffer bytes = buffer.nioBuffer(at, CRC_AT);
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
