package io.solaster.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.Records;
import io.solaster.log.format.SegmentHeader;
import org.jspecify.annotations.Nullable;

/**
 * Reads a shard's log while records are appended to it: {@link ShardLog#reader}. It tells of those that are acknowledged, and of
 * no other. What was written last is in memory while there are readers, 64 to 512 KiB of the present segment: whoever keeps up reads no
 * file, and those who are behind find it in the page cache, so that many readers of the same records read the disk once.
 *
 * {@snippet :
 * LogReader reader = log.local().reader(sequence);
 * while (true) {
 *     reader.read(this::deliver, 64 << 10);
 *     reader.whenReadable().join();
 * }
 * }
 *
 * <p>
 * On the shard, in one place at a time. Memory is held while something is read, and no longer: 64 KiB, or the longest record. A
 * segment that retention lets go of stays readable for a reader that has read something of its file.
 */
public final class LogReader implements AutoCloseable {
    private static final int WINDOW = 64 << 10;

    private final ShardLog log;
    private final Patient patient;
    private final long salt;
    private final CRC32C crc = new CRC32C();
    private long next;
    private boolean reading;
    private boolean closed;
    private @Nullable ShardFuture<@Nullable Void> readable;
    // The segment that is read.
    private @Nullable Path path;
    /** Open once something is read that is not in memory. */
    private @Nullable ShardFile file;
    private long first;
    private long end;
    private long rolls;
    private long rewritten;
    private long at;
    // What of it is in memory, while something is read.
    private @Nullable ByteBuf window;
    private @Nullable ByteBuffer view;
    private long windowAt;

    /** @param from the sequence of the first record that is wanted */
    LogReader(ShardLog log, Patient patient, long salt, long from) {
        this.log = log;
        this.patient = patient;
        this.salt = salt;
        this.next = from;
        this.at = SegmentHeader.DATA;
    }

    /** The sequence of the next record that is told. */
    public long next() {
        return next;
    }

    /**
     * Goes on elsewhere.
     *
     * @param sequence of the next record that is told
     * @throws IllegalArgumentException if there is no such record, and the next one has another sequence
     * @throws IllegalStateException while something is read
     */
    public void seek(long sequence) {
        log.assertOwner();
        if (reading) {
            throw new IllegalStateException("a reader of " + log + " is asked to go elsewhere while it reads");
        }
        next = log.mayRead(sequence);
        find();
    }

    /**
     * Tells of acknowledged records, one after the other, until there are no more or enough was told. Waits for the disk, and for
     * the consumer: on a virtual thread of the shard. Where the consumer throws, the same record is told again next time.
     *
     * @param most stops after so many bytes of payload; the record that goes beyond is told as a whole
     * @return how many records were told
     * @throws RecordsDroppedException if the next record is not kept any more: {@link #seek} to its {@code oldest()}, say
     * @throws LogDamagedException if the disk has something else than what was written
     * @throws IOException if the disk fails
     * @throws IllegalStateException if it is closed, or another one reads
     */
    public int read(RecordConsumer consumer, int most) throws IOException {
        log.assertOwner();
        if (closed) {
            throw closedAlready();
        }
        if (reading) {
            throw new IllegalStateException("a reader of " + log + " reads already: one place at a time");
        }
        reading = true;
        try {
            return tell(consumer, most);
        } finally {
            reading = false;
            forget();
            if (closed) {
                closeFile();
            }
        }
    }

    private int tell(RecordConsumer consumer, int most) throws IOException {
        long upTo = log.acknowledged();
        int told = 0;
        long bytes = 0;
        while (next <= upTo && bytes < most && !closed) {
            ByteBuf record = record();
            int length = record.getIntLE(record.readerIndex() + Records.LENGTH_AT);
            long sequence = record.getLongLE(record.readerIndex() + Records.SEQUENCE_AT);
            int kind = record.getIntLE(record.readerIndex() + Records.KIND_AT) & Records.MOST_KIND;
            if (kind != Records.MARK && sequence == next) {
                ByteBuf payload = record.slice(record.readerIndex() + Records.HEADER, length - Records.HEADER);
                give(consumer, payload, sequence, record.getLongLE(record.readerIndex() + Records.EPOCH_AT), kind);
                next++;
                told++;
                bytes += length - Records.HEADER;
            } else if (kind == Records.MARK && length == Records.GAP_BYTES) {
                // Left out by compaction.
                next = Math.max(next, sequence + record.getLongLE(record.readerIndex() + Records.HEADER));
            } else if (kind != Records.MARK && sequence > next) {
                throw damage("record " + sequence + " where " + next + " is expected");
            }
            at += Records.padded(length);
            if (Shard.needPreempt()) {
                Shard.yield();
            }
        }
        return told;
    }

    private static void give(RecordConsumer consumer, ByteBuf payload, long sequence, long epoch, int kind)
            throws IOException {
        try {
            consumer.record(sequence, epoch, kind, payload);
        } catch (IOException | RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IOException("the consumer of record " + sequence + " failed: " + failure.getMessage(), failure);
        }
    }

    /** The record, or mark, at which the reader is: the buffer's reader index is where it begins. */
    private ByteBuf record() throws IOException {
        place();
        for (boolean again = false;; again = true) {
            int found = has(Records.HEADER, again);
            ByteBuf bytes = window;
            if (bytes != null && found >= 0 && Records.isHeader(bytes, found, Records.MOST_LENGTH, salt)) {
                int length = bytes.getIntLE(found + Records.LENGTH_AT);
                found = has(length, again);
                bytes = window;
                ByteBuffer same = view;
                if (bytes != null && same != null && found >= 0
                        && Records.crc(same, crc, found, length, salt) == bytes.getIntLE(found)) {
                    return bytes.readerIndex(found);
                }
            }
            // What is in memory may have been read before the record was written.
            if (again) {
                throw damage("no whole record, and record " + next + " was acknowledged");
            }
        }
    }

    /** Knows the segment in which the next record is, and where in it to look. */
    private void place() throws IOException {
        if (path != null && next >= first && next < end && rolls == log.rolls()) {
            return;
        }
        rolls = log.rolls();
        SegmentFiles.Place place = log.placeOf(next);
        if (path != null && place != null && place.first() == first && place.rewritten() == rewritten) {
            end = place.end();
            return;
        }
        ShardFile before = file;
        if (place == null) {
            // Whoever is within a segment that has gone reads on to its end.
            if (before != null && next >= first && next < end && at < patient.await(before::size)) {
                return;
            }
            throw new RecordsDroppedException(log.toString(), next, log.oldest());
        }
        closeFile();
        path = place.path();
        first = place.first();
        rewritten = place.rewritten();
        end = place.end();
        find();
    }

    /** Looks for the next record from the beginning of its segment on, or from where in memory it is known to come later. */
    private void find() {
        at = Math.max(SegmentHeader.DATA, log.tail().positionOf(first, next));
    }

    /** Has so many bytes in memory from where the reader is, and tells their index there; -1 if the file ends before. */
    private int has(int bytes, boolean anew) throws IOException {
        ByteBuf held = window;
        if (held != null && !anew && at >= windowAt && at + bytes <= windowAt + held.writerIndex()) {
            return (int) (at - windowAt);
        }
        if (held == null || held.capacity() < bytes) {
            forget();
            int capacity = Math.max(WINDOW, bytes);
            held = ByteBufAllocator.DEFAULT.directBuffer(capacity, capacity);
            window = held;
            view = held.nioBuffer(0, capacity);
        }
        ByteBuf into = held.clear();
        windowAt = at;
        if (!anew && log.tail().read(first, at, into) >= bytes) {
            return 0;
        }
        into.clear();
        ShardFile from = opened();
        return patient.await(() -> from.read(into, at)) < bytes ? -1 : 0;
    }

    private ShardFile opened() throws IOException {
        ShardFile open = file;
        Path of = path;
        if (open == null && of != null) {
            try {
                open = patient.await(() -> patient.files().open(of, OpenMode.READ));
            } catch (NoSuchFileException gone) {
                throw new RecordsDroppedException(log.toString(), next, log.oldest());
            }
            file = open;
        }
        return Objects.requireNonNull(open);
    }

    private LogDamagedException damage(String what) {
        return new LogDamagedException((path == null ? log.toString() : path.toString()) + " has " + what
                + " at byte " + at + ": the disk has changed under a log that is open", null);
    }

    /**
     * Completes once there is something to read; the same future for all who ask meanwhile. Fails where nothing more will come:
     * with {@link LogSealedException}, {@link io.solaster.engine.ShardStoppedException}, or {@link IllegalStateException} where
     * the log or the reader is closed.
     */
    public ShardFuture<@Nullable Void> whenReadable() {
        log.assertOwner();
        ShardFuture<@Nullable Void> waiting = readable;
        if (waiting == null || waiting.isDone()) {
            waiting = log.newFuture();
            readable = waiting;
            if (closed) {
                waiting.fail(closedAlready());
            } else {
                log.awaitsMore(this);
            }
        }
        return waiting;
    }

    private IllegalStateException closedAlready() {
        return new IllegalStateException("a reader of " + log + " is closed");
    }

    void more() {
        ShardFuture<@Nullable Void> waiting = readable;
        if (waiting != null) {
            waiting.resolve(null);
        }
    }

    void fail(RuntimeException why) {
        ShardFuture<@Nullable Void> waiting = readable;
        if (waiting != null) {
            waiting.fail(why);
        }
    }

    /** Reads no more: what is read now ends with the record that is told. A second time it does nothing. */
    @Override
    public void close() {
        log.assertOwner();
        if (closed) {
            return;
        }
        closed = true;
        log.left(this);
        fail(closedAlready());
        if (!reading) {
            closeFile();
        }
    }

    private void closeFile() {
        ShardFile open = file;
        file = null;
        forget();
        if (open != null) {
            open.close();
        }
    }

    private void forget() {
        ByteBuf held = window;
        window = null;
        view = null;
        if (held != null) {
            held.release();
        }
    }
}
