package io.solaster.store.persist;

import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.LogDamagedException;
import io.solaster.log.Patient;
import io.solaster.log.Replica;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot as a file: a header of 64 bytes, and blocks of changes, each behind its length and a CRC32C of both; the last block
 * is empty and tells how many there were. All numbers are little-endian. It is written beside the one that it replaces, and
 * takes its name once it is synced. On a virtual thread of the shard.
 */
final class SnapshotFile {
    private static final long MAGIC = 0x31504e534c4f53L; // "SOLSNP1"
    private static final int VERSION = 1;
    private static final int HEADER = 64;
    private static final int BLOCK_HEADER = 16;

    private final Patient patient;
    private final Path path;
    private final Path temporary;
    private final ShardFile file;
    private final CRC32C crc = new CRC32C();
    private long at = HEADER;
    private long blocks;

    private SnapshotFile(Patient patient, Path path, Path temporary, ShardFile file) {
        this.patient = patient;
        this.path = path;
        this.temporary = temporary;
        this.file = file;
    }

    /**
     * What a snapshot begins with.
     *
     * @param next the first record of the log that it does not have
     * @param madeMillis Unix milliseconds
     * @param bytes of the file
     */
    record Header(long next, long madeMillis, long bytes) {}

    /** Begins one that shall have a name. */
    static SnapshotFile create(Patient patient, Path path) throws IOException {
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try {
            patient.<@Nullable Void>await(() -> patient.files().delete(temporary));
        } catch (java.nio.file.NoSuchFileException none) {
            // As mostly.
        }
        ShardFile file = patient.await(() -> patient.files().open(temporary, OpenMode.CREATE_NEW));
        return new SnapshotFile(patient, path, temporary, file);
    }

    /** Writes a block, and empties the buffer. */
    void write(ByteBuf changes) throws IOException {
        int length = changes.readableBytes();
        ByteBuf head = ByteBufAllocator.DEFAULT.directBuffer(BLOCK_HEADER);
        head.writeLongLE(length).writeIntLE(crc(length, changes)).writeIntLE(0);
        patient.write(file, head, at);
        if (length > 0) {
            patient.write(file, changes.retainedDuplicate(), at + BLOCK_HEADER);
        }
        at += BLOCK_HEADER + (long) length;
        blocks++;
        changes.clear();
    }

    private int crc(long length, ByteBuf changes) {
        return crc(crc, length, blocks, changes);
    }

    private static int crc(CRC32C crc, long length, long block, ByteBuf changes) {
        crc.reset();
        for (int shift = 0; shift < 64; shift += 8) {
            crc.update((int) (length >>> shift));
            crc.update((int) (block >>> shift));
        }
        if (changes.isReadable()) {
            crc.update(changes.nioBuffer());
        }
        return (int) crc.getValue();
    }

    /** Gives it its name: when this returns, a crash leaves it. */
    long finish(long next, long madeMillis, int shard, int shards) throws IOException {
        write(Unpooled.EMPTY_BUFFER);
        ByteBuf header = ByteBufAllocator.DEFAULT.directBuffer(HEADER);
        header.writeLongLE(MAGIC).writeIntLE(VERSION).writeIntLE(shard).writeIntLE(shards).writeIntLE(0)
                .writeLongLE(next).writeLongLE(madeMillis).writeLongLE(at);
        crc.reset();
        crc.update(header.nioBuffer());
        header.writeIntLE((int) crc.getValue()).writeZero(HEADER - header.writerIndex());
        patient.write(file, header, 0);
        patient.sync(file);
        patient.close(file);
        patient.<@Nullable Void>await(() -> patient.files().rename(temporary, path));
        Path directory = path.getParent();
        if (directory != null) {
            patient.<@Nullable Void>await(() -> patient.files().syncDirectory(directory));
        }
        return at;
    }

    /** It is not wanted any more. What cannot be deleted lies there until the next one is begun. */
    void abandon() {
        try {
            patient.close(file);
            patient.<@Nullable Void>await(() -> patient.files().delete(temporary));
        } catch (IOException left) {
            // Why it is not wanted says more.
        }
    }

    /**
     * Installs one; null if there is none.
     *
     * @param shard whose it has to be, of so many
     * @throws LogDamagedException if it is not as it was written
     */
    static @Nullable Header read(Patient patient, Path path, int shard, int shards, Replica into)
            throws IOException {
        ShardFile file;
        try {
            file = patient.await(() -> patient.files().open(path, OpenMode.READ));
        } catch (java.nio.file.NoSuchFileException none) {
            return null;
        }
        ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(1 << 16);
        try {
            return read(patient, file, shard, shards, buffer, into);
        } finally {
            buffer.release();
            patient.close(file);
        }
    }

    private static Header read(Patient patient, ShardFile file, int shard, int shards, ByteBuf buffer,
            Replica into) throws IOException {
        CRC32C crc = new CRC32C();
        fill(patient, file, buffer, HEADER, 0);
        crc.update(buffer.nioBuffer(0, 48));
        if (buffer.getLongLE(0) != MAGIC || buffer.getIntLE(48) != (int) crc.getValue()
                || buffer.getIntLE(52) != 0 || buffer.getLongLE(56) != 0) {
            throw damage(file, 0, "the header is damaged");
        }
        if (buffer.getIntLE(8) != VERSION) {
            throw new LogDamagedException("snapshot " + file.path() + " has version " + buffer.getIntLE(8)
                    + " of the format, and this release reads version " + VERSION + ": take the release that wrote it",
                    null);
        }
        if (buffer.getIntLE(12) != shard || buffer.getIntLE(16) != shards) {
            throw new LogDamagedException("snapshot " + file.path() + " is of shard " + buffer.getIntLE(12) + " of "
                    + buffer.getIntLE(16) + ", and that of shard " + shard + " of " + shards
                    + " belongs there: bring each file back to where it lay", null);
        }
        Header header = new Header(buffer.getLongLE(24), buffer.getLongLE(32), buffer.getLongLE(40));
        long at = HEADER;
        for (long block = 0;; block++) {
            fill(patient, file, buffer, BLOCK_HEADER, at);
            long length = buffer.getLongLE(0);
            int expected = buffer.getIntLE(8);
            if (buffer.getIntLE(12) != 0) {
                throw damage(file, at, "block " + block + " is damaged");
            }
            if (length < 0 || length > header.bytes() - at - BLOCK_HEADER || length > Integer.MAX_VALUE - 64) {
                throw damage(file, at, "a block of " + length + " bytes does not fit");
            }
            fill(patient, file, buffer, (int) length, at + BLOCK_HEADER);
            if (crc(crc, length, block, buffer) != expected) {
                throw damage(file, at, "block " + block + " is damaged");
            }
            at += BLOCK_HEADER + length;
            if (length == 0) {
                break;
            }
            into.install(buffer);
        }
        if (at != header.bytes()) {
            throw damage(file, at, "it ends before its " + header.bytes() + " bytes");
        }
        buffer.clear();
        if (patient.await(() -> file.read(buffer.slice(0, 1).writerIndex(0), header.bytes())) > 0) {
            throw damage(file, at, "it goes on behind its " + header.bytes() + " bytes");
        }
        into.installed(header.next());
        return header;
    }

    private static void fill(Patient patient, ShardFile file, ByteBuf buffer, int bytes, long position)
            throws IOException {
        buffer.clear();
        buffer.ensureWritable(bytes);
        ByteBuf into = buffer.slice(0, bytes).writerIndex(0);
        int count = bytes == 0 ? 0 : patient.await(() -> file.read(into, position));
        if (count < bytes) {
            throw damage(file, position + count, "it ends there");
        }
        buffer.writerIndex(bytes);
        if (Shard.needPreempt()) {
            Shard.yield();
        }
    }

    private static LogDamagedException damage(ShardFile file, long at, String what) {
        return new LogDamagedException("snapshot " + file.path() + ", byte " + at + ": " + what
                + "; bring the file back as it was written, or take it away together with the log beside it", null);
    }
}
