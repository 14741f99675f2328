package io.solaster.log.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

import io.netty.buffer.ByteBuf;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/**
 * Goes through all of a shard's log, from the oldest record to the newest, and finds where it ends.
 *
 * <p>
 * A crash leaves what had been synced; of the rest it leaves any part. So what is damaged is a torn tail, to be cut, only in the
 * newest segment, since each is synced before the next one is begun, and only where no mark behind it says that it had been
 * synced. Anything else is told as {@link Damage}.
 */
@Internal
public final class LogScan {
    private final Path directory;
    private final Segments segments;
    private final int shard;
    private final int shards;

    /** Takes each record. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * Takes one.
         *
         * @param payload until this returns
         */
        void record(long sequence, long epoch, int kind, ByteBuf payload) throws Exception;

        /** A segment begins: its records follow. */
        default void segment(Path file, SegmentHeader header) throws Exception {}
    }

    /**
     * One segment.
     *
     * @param file its path
     * @param header what it begins with
     * @param bytes what it has of the disk
     */
    public record Segment(Path file, SegmentHeader header, long bytes) {}

    /**
     * What was found.
     *
     * @param segments in their order
     * @param outdated files that the log had let go of, and that are there still
     * @param unborn a newest segment that was never finished, and has no record; null if there is none
     * @param next the sequence after the last record
     * @param epoch of the last record, be it that the log has let go of it; 0 if there never was one
     * @param oldest what is before it may be missing
     * @param salt of the log; 0 where there is no segment
     * @param records how many were found
     * @param end where the last record of the newest segment ends
     * @param tail what was behind that; null if nothing was
     */
    public record Found(List<Segment> segments, List<Path> outdated, @Nullable Path unborn, long next, long epoch,
            long oldest, long salt, long records, long end, SegmentReader.@Nullable Tail tail) {}

    /**
     * @param shards how many there are; 0 takes what the log says
     */
    public LogScan(Path directory, Segments segments, int shard, int shards) {
        this.directory = directory;
        this.segments = segments;
        this.shard = shard;
        this.shards = shards;
    }

    /**
     * Goes through it.
     *
     * @throws Damage if it is not as it was written
     */
    public Found run(Visitor visitor) throws Exception {
        List<Path> files = new ArrayList<>();
        for (String name : LogNames.segments(segments.list(directory))) {
            files.add(directory.resolve(name));
        }
        Path unborn = files.isEmpty() ? null : unborn(files.getLast());
        if (unborn != null) {
            files.removeLast();
        }
        List<Path> outdated = new ArrayList<>();
        if (!files.isEmpty()) {
            SegmentHeader newest = header(files.getLast());
            while (files.size() > 1 && first(files.get(1)) <= newest.oldest()) {
                outdated.add(files.removeFirst());
            }
            if (first(files.getFirst()) > newest.oldest()) {
                throw new Damage(directory, 0, "the log keeps records from " + newest.oldest()
                        + " on, and the first segment begins with " + first(files.getFirst())
                        + ": what was before is missing; bring the missing segments back");
            }
        }
        return new Pass(visitor, outdated).run(files, unborn);
    }

    private SegmentHeader header(Path file) throws IOException {
        try (SegmentReader reader = new SegmentReader(file, segments, segments.open(file))) {
            return checked(reader);
        }
    }

    /** The newest segment, if it was being made when the process ended: nothing but zeros follows its header. */
    private @Nullable Path unborn(Path newest) throws IOException {
        try (SegmentReader reader = new SegmentReader(newest, segments, segments.open(newest))) {
            return reader.header() == null && reader.isBlank(SegmentHeader.DATA) ? newest : null;
        }
    }

    private static long first(Path file) throws Damage {
        OptionalLong first = LogNames.firstOf(String.valueOf(file.getFileName()));
        if (first.isEmpty()) {
            throw new Damage(file, 0, "this is no name of a segment; what is no part of the log belongs elsewhere");
        }
        return first.getAsLong();
    }

    private SegmentHeader checked(SegmentReader reader) throws Damage {
        SegmentHeader header = reader.header();
        if (header == null) {
            throw new Damage(reader.file(), 0, "the segment's header is damaged");
        }
        if (!header.isKnown()) {
            throw new Damage(reader.file(), 0, "version " + header.version()
                    + " of the format; this reads versions up to " + SegmentHeader.COMPACTED
                    + ": take a release that knows it");
        }
        if (header.shard() != shard) {
            throw new Damage(reader.file(), 0, "this is a segment of shard " + header.shard() + ", not of " + shard);
        }
        if (shards != 0 && header.shards() != shards) {
            throw new Damage(reader.file(), 0, "written by " + header.shards() + " shards, and there are " + shards
                    + " now: each shard reads what it wrote, so set solaster.engine.shards to " + header.shards());
        }
        if (header.first() != first(reader.file())) {
            throw new Damage(reader.file(), 0, "the segment begins with record " + header.first()
                    + ", and its name says another: it was renamed");
        }
        return header;
    }

    /** One time through. */
    private final class Pass {
        private final Visitor visitor;
        private final List<Segment> found = new ArrayList<>();
        private final List<Path> outdated;
        private long next;
        private long epoch;
        private long records;
        private long end = SegmentHeader.DATA;
        private SegmentReader.@Nullable Tail tail;

        Pass(Visitor visitor, List<Path> outdated) {
            this.visitor = visitor;
            this.outdated = outdated;
        }

        Found run(List<Path> files, @Nullable Path unborn) throws Exception {
            for (int i = 0; i < files.size(); i++) {
                try (SegmentReader reader = new SegmentReader(files.get(i), segments, segments.open(files.get(i)))) {
                    one(reader, i == files.size() - 1);
                }
            }
            long oldest = found.isEmpty() ? 1 : found.getLast().header().oldest();
            long salt = found.isEmpty() ? 0 : found.getLast().header().salt();
            return new Found(List.copyOf(found), List.copyOf(outdated), unborn, found.isEmpty() ? 1 : next, epoch,
                    oldest, salt, records, end, tail);
        }

        private void one(SegmentReader reader, boolean newest) throws Exception {
            SegmentHeader header = checked(reader);
            if (found.isEmpty()) {
                next = header.first();
            } else if (header.first() < next && found.getLast().header().span() > 0) {
                // It has become a part of the one before, and could not be deleted.
                outdated.add(reader.file());
                return;
            } else if (header.first() != next) {
                throw new Damage(reader.file(), 0, "the segment begins with record " + header.first() + ", and "
                        + found.getLast().file().getFileName() + " ends before record " + next
                        + (header.first() > next
                                ? ": what is between is missing; bring the missing segment back"
                                : ": some are there twice"));
            } else if (header.salt() != found.getLast().header().salt()) {
                throw new Damage(reader.file(), 0, "this is a segment of another log");
            }
            epoch = Math.max(epoch, header.epoch());
            visitor.segment(reader.file(), header);
            while (reader.next(header.salt())) {
                record(reader);
            }
            end = Math.min(reader.at(), reader.size());
            if (header.span() > 0 && !newest && next != header.first() + header.span()) {
                throw new Damage(reader.file(), end,
                        "record " + next + " is damaged or missing: the segment was synced as a"
                                + " whole");
            }
            if (newest) {
                SegmentReader.Tail behind = reader.tail(next, header.salt());
                if (behind.proof() >= 0) {
                    throw new Damage(reader.file(), end, "record " + next + " is damaged, and byte " + behind.proof()
                            + " tells that it had been synced: this is no torn tail");
                }
                tail = behind.bytes() > 0 ? behind : null;
            } else if (!reader.isBlank(end)) {
                throw new Damage(reader.file(), end, "record " + next
                        + " is damaged; a newer segment tells that it had been synced: this is no torn tail");
            }
            found.add(new Segment(reader.file(), header, reader.size()));
        }

        private void record(SegmentReader reader) throws Exception {
            long sequence = reader.sequence();
            if (sequence != next || reader.epoch() < epoch) {
                throw new Damage(reader.file(), reader.offset(), "record " + sequence + " of epoch " + reader.epoch()
                        + " stands where record " + next + " of epoch " + epoch + " or later belongs");
            }
            epoch = reader.epoch();
            if (reader.isGap()) {
                if (reader.gap() < 1) {
                    throw new Damage(reader.file(), reader.offset(), reader.gap() + " records are said to be left out");
                }
                next += reader.gap();
            } else if (reader.kind() != Records.MARK) {
                visitor.record(sequence, epoch, reader.kind(), reader.payload());
                next++;
                records++;
            }
        }
    }
}
