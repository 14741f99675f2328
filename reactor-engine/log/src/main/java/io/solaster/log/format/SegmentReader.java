package io.solaster.log.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Goes through the records of one segment, in bounded memory: a window of the file, as large as the longest record. */
@Internal
public final class SegmentReader implements AutoCloseable {
    private static final int WINDOW = 256 << 10;

    private final Path file;
    private final Segments segments;
    private final Segments.Source source;
    private final CRC32C crc = new CRC32C();
    private final long size;
    private ByteBuf window = ByteBufAllocator.DEFAULT.directBuffer(WINDOW, WINDOW);
    private ByteBuffer view = window.nioBuffer(0, WINDOW);
    private long windowAt;
    private final @Nullable SegmentHeader header;
    private long at = SegmentHeader.DATA;
    // Of the record that was read last.
    private int length;
    private int record;

    SegmentReader(Path file, Segments segments, Segments.Source source) throws IOException {
        this.file = file;
        this.segments = segments;
        this.source = source;
        try {
            size = source.size();
            header = size >= SegmentHeader.BYTES ? SegmentHeader.read(window, index(0, SegmentHeader.BYTES)) : null;
        } catch (Throwable failure) {
            close();
            throw failure;
        }
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** What it begins with; null where that is damaged. */
    @Nullable
    SegmentHeader header() {
        return header;
    }

    /** Bytes of the file. */
    public long size() {
        return size;
    }

    /** Where the next record is looked for. */
    public long at() {
        return at;
    }

    /** Goes to the next record; false where there is none that is whole. */
    public boolean next(long salt) throws IOException {
        segments.pause();
        int found = find(at, salt);
        if (found < 0) {
            return false;
        }
        record = found;
        length = window.getIntLE(record + Records.LENGTH_AT);
        at += Records.padded(length);
        return true;
    }

    /** Where the record was that was read last. */
    public long offset() {
        return windowAt + record;
    }

    /** Of the record that was read last. */
    public long sequence() {
        return window.getLongLE(record + Records.SEQUENCE_AT);
    }

    /** Of the record that was read last. */
    public long epoch() {
        return window.getLongLE(record + Records.EPOCH_AT);
    }

    /** Of the record that was read last. */
    public int kind() {
        return window.getIntLE(record + Records.KIND_AT) & Records.MOST_KIND;
    }

    /** Of the record that was read last: until the next one is. */
    public ByteBuf payload() {
        return window.slice(record + Records.HEADER, length - Records.HEADER);
    }

    /** Of a mark that was read last: up to which sequence all had been synced. */
    long synced() {
        return length == Records.MARK_BYTES ? window.getLongLE(record + Records.HEADER) : 0;
    }

    /** Whether it stands in the place of records that were left out. */
    public boolean isGap() {
        return length == Records.GAP_BYTES && kind() == Records.MARK;
    }

    /** How many were left out there. */
    public long gap() {
        return window.getLongLE(record + Records.HEADER);
    }

    /** Bytes of the record that was read last, with what fills it up. */
    public int padded() {
        return Records.padded(length);
    }

    /** Copies the record that was read last as it is. */
    public void copy(ByteBuf into) {
        into.writeBytes(window, record, length).writeZero(padded() - length);
    }

    /** Opens a segment by itself. */
    public static SegmentReader open(Path file, Segments segments) throws IOException {
        return new SegmentReader(file, segments, segments.open(file));
    }

    /** What it begins with. */
    public SegmentHeader checkedHeader() throws IOException {
        SegmentHeader found = header;
        if (found == null) {
            throw new Damage(file, 0, "the segment's header is damaged");
        }
        return found;
    }

    /** Whether there is nothing but zeros from a place on. */
    boolean isBlank(long from) throws IOException {
        for (long place = from; place < size; place += Long.BYTES) {
            if ((place & WINDOW - 1) < Long.BYTES) {
                segments.pause();
            }
            if (!isZero(place)) {
                return false;
            }
        }
        return true;
    }

    /**
     * What lies behind the last whole record.
     *
     * @param expected the sequence that the record here would have
     */
    Tail tail(long expected, long salt) throws IOException {
        long end = at;
        long records = 0;
        for (long place = at; place < size; place += Records.ALIGNMENT) {
            if ((place & 0xFFFF) < Records.ALIGNMENT) {
                segments.pause();
            }
            if (isZero(place)) {
                continue;
            }
            end = Math.min(size, place + Records.ALIGNMENT);
            int found = find(place, salt);
            if (found >= 0) {
                record = found;
                length = window.getIntLE(found + Records.LENGTH_AT);
                if (kind() != Records.MARK) {
                    records++;
                } else if (synced() >= expected) {
                    return new Tail(at, end - at, records, place);
                }
                place += Records.padded(length) - Records.ALIGNMENT;
                end = Math.min(size, place + Records.ALIGNMENT);
            }
        }
        return new Tail(at, end - at, records, -1);
    }

    /**
     * What is behind the last whole record.
     *
     * @param at where that is, in bytes
     * @param bytes how many bytes of it are no zeros at the end
     * @param records how many whole records are among them
     * @param proof where it stands that these bytes had been synced; -1 where that stands nowhere
     */
    @Internal
    public record Tail(long at, long bytes, long records, long proof) {}

    /** How many whole records there are from a place on, whatever is between them. */
    public static long count(Path file, Segments segments, long from, long salt) throws IOException {
        try (SegmentReader reader = new SegmentReader(file, segments, segments.open(file))) {
            SegmentHeader header = reader.header();
            reader.at = from;
            return reader.tail(Long.MAX_VALUE, header == null ? salt : header.salt()).records();
        }
    }

    /** Where in the window there is a whole record that begins at a place of the file; -1 if there is none. */
    private int find(long place, long salt) throws IOException {
        long left = size - place;
        if (left < Records.HEADER) {
            return -1;
        }
        int found = index(place, Records.HEADER);
        if (!Records.isHeader(window, found, left, salt)) {
            return -1;
        }
        int bytes = window.getIntLE(found + Records.LENGTH_AT);
        found = index(place, bytes);
        return Records.crc(view, crc, found, bytes, salt) == window.getIntLE(found) ? found : -1;
    }

    private boolean isZero(long place) throws IOException {
        int bytes = (int) Math.min(Long.BYTES, size - place);
        int found = index(place, bytes);
        if (bytes == Long.BYTES) {
            return window.getLong(found) == 0;
        }
        for (int i = 0; i < bytes; i++) {
            if (window.getByte(found + i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Has so many bytes of the file in the window, and tells where. They are in the file. */
    private int index(long place, int bytes) throws IOException {
        if (place >= windowAt && place + bytes <= windowAt + window.writerIndex()) {
            return (int) (place - windowAt);
        }
        if (bytes > window.capacity() || window.capacity() > WINDOW && bytes <= WINDOW) {
            int capacity = Math.max(WINDOW, bytes);
            window.release();
            window = ByteBufAllocator.DEFAULT.directBuffer(capacity, capacity);
            view = window.nioBuffer(0, capacity);
        }
        window.clear();
        windowAt = place;
        long wanted = Math.min(window.capacity(), size - place);
        source.read(window.slice(0, (int) wanted).clear(), place);
        window.writerIndex((int) wanted);
        return 0;
    }

    @Override
    public void close() throws IOException {
        window.release();
        source.close();
    }
}
