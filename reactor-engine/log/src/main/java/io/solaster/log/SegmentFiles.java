package io.solaster.log;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.LogNames;
import io.solaster.log.format.SegmentHeader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The segments of a shard's log: makes the next one, and lets go of old ones. On virtual threads of the shard, one at a time. */
final class SegmentFiles {
    private static final Logger log = LoggerFactory.getLogger(SegmentFiles.class);

    private final Shard shard;
    private final Path directory;
    private final LogConfig config;
    private final int shards;
    private final long salt;
    private final Patient patient;
    /** Those that are full, the oldest first. */
    private final ArrayDeque<Full> full = new ArrayDeque<>();
    private long bytes;
    private long rewrites;
    /** Nothing goes from this record on. */
    private long heldFrom = Long.MAX_VALUE;

    /**
     * A segment to which nothing is written any more.
     *
     * @param rewritten tells apart files that have had its name
     */
    record Full(Path path, long first, long bytes, long madeMillis, long rewritten) {}

    SegmentFiles(Shard shard, Path directory, LogConfig config, int shards, long salt) {
        this.shard = shard;
        this.directory = directory;
        this.config = config;
        this.shards = shards;
        this.salt = salt;
        this.patient = new Patient(shard.files());
    }

    Patient patient() {
        return patient;
    }

    /** A file that is whole and has no segment's name yet. */
    record Written(Path path, long bytes) {}

    List<Full> all() {
        return List.copyOf(full);
    }

    /** Whether all of them are there still. */
    boolean has(List<Full> some) {
        return full.containsAll(some);
    }

    /** Puts what was written in the place of segments: those that are next to each other, and all there. */
    void replace(List<Full> some, Written by) throws IOException {
        Full first = some.getFirst();
        patient.<@Nullable Void>await(() -> patient.files().rename(by.path(), first.path()));
        patient.<@Nullable Void>await(() -> patient.files().syncDirectory(directory));
        Full instead = new Full(first.path(), first.first(), by.bytes(), some.getLast().madeMillis(), ++rewrites);
        List<Full> now = new ArrayList<>();
        for (Full each : full) {
            if (each.equals(first)) {
                now.add(instead);
            } else if (!some.contains(each)) {
                now.add(each);
            }
        }
        full.clear();
        full.addAll(now);
        bytes = full.stream().mapToLong(Full::bytes).sum();
        for (Full gone : some.subList(1, some.size())) {
            delete(gone.path());
        }
    }

    void add(Full segment) {
        full.add(segment);
        bytes += segment.bytes();
    }

    void holdFrom(long sequence) {
        heldFrom = sequence;
    }

    int count() {
        return full.size();
    }

    long bytes() {
        return bytes;
    }

    /** Makes a file for the next segment and takes its room on the disk, which it gives back where there is not enough. */
    SegmentFile prepare() throws IOException {
        Path path = directory.resolve(LogNames.NEXT);
        delete(path);
        ShardFile file = patient.await(() -> patient.files().open(path, OpenMode.CREATE_NEW));
        long size = config.segment().bytes();
        try {
            patient.<@Nullable Void>await(() -> file.preallocate(size));
            patient.sync(file);
            return new SegmentFile(file, size);
        } catch (IOException | RuntimeException failure) {
            abandon(file, path);
            throw failure;
        }
    }

    /** What was prepared is not wanted. */
    void abandon(ShardFile file, Path path) {
        try {
            patient.close(file);
            delete(path);
        } catch (IOException | RuntimeException also) {
            log.debug("{} is left, to be deleted at the next start", path, also);
        }
    }

    /** Makes a segment of what was prepared: when this returns, a crash leaves it. */
    void begin(SegmentFile segment, long first, long oldest, long epoch) throws IOException {
        SegmentHeader header = new SegmentHeader(SegmentHeader.VERSION, shard.id(), shards, first, oldest, salt,
                shard.environment().wallClock().millis(), epoch, 0);
        ByteBuf page = ByteBufAllocator.DEFAULT.directBuffer(SegmentHeader.DATA);
        header.write(page);
        patient.write(segment.file(), page, 0);
        patient.sync(segment.file());
        Path path = directory.resolve(LogNames.segment(first));
        patient.<@Nullable Void>await(() -> patient.files().rename(segment.path(), path));
        patient.<@Nullable Void>await(() -> patient.files().syncDirectory(directory));
        segment.begins(path, header);
    }

    /**
     * Goes on from one segment to the next, which was prepared. What the old one has is synced before the new one is begun.
     *
     * @param next the sequence of the record that comes
     * @param keepFrom what is before it may go
     * @param epoch of the record before the one that comes
     */
    void roll(SegmentFile old, SegmentFile prepared, long next, long keepFrom, long epoch)
            throws IOException {
        patient.sync(old.file());
        add(new Full(old.path(), old.first(), old.at(), old.madeMillis(), 0));
        int going = going(next, keepFrom);
        long oldest = next;
        int skipped = 0;
        for (Full each : full) {
            if (skipped++ == going) {
                oldest = each.first();
                break;
            }
        }
        begin(prepared, next, oldest, epoch);
        end(old, going);
    }

    /** The new segment is there: what goes wrong with old ones is told, and mended by the next start. */
    private void end(SegmentFile old, int going) {
        try {
            patient.truncate(old.file(), old.at());
            patient.close(old.file());
        } catch (IOException | RuntimeException failure) {
            log.warn("Segment {} keeps the room that it has not used: {}", old.path(), failure.toString());
        }
        for (int i = 0; i < going; i++) {
            Full gone = full.remove();
            bytes -= gone.bytes();
            try {
                delete(gone.path());
            } catch (IOException | RuntimeException failure) {
                log.warn("Segment {} is not needed any more and could not be deleted; the next start does that: {}",
                        gone.path(), failure.toString());
            }
        }
    }

    /** Whether some of those that are full may go by what is retained. */
    boolean wouldRetainLess(SegmentFile current, long keepFrom) {
        return going(current.first(), keepFrom) > 0;
    }

    /** How many of the oldest may go. */
    private int going(long next, long keepFrom) {
        RetainConfig retain = config.retain();
        long most = retain.size() == null ? Long.MAX_VALUE : retain.size().bytes();
        long now = shard.environment().wallClock().millis();
        long tooOld = retain.age() == null ? Long.MIN_VALUE : now - retain.age().toMillis();
        long[] made = made(now);
        long left = bytes;
        int count = 0;
        Full before = null;
        for (Full each : full) {
            if (before != null) {
                if (left <= most && made[count + 1] >= tooOld && each.first() > keepFrom || each.first() > heldFrom) {
                    return count;
                }
                left -= before.bytes();
                count++;
            }
            before = each;
        }
        return before != null && (left > most || next <= keepFrom) && next <= heldFrom ? count + 1 : count;
    }

    /**
     * When each was made. What a clock that was ahead has stamped with a time to come is as old as what was made next; where that is
     * not known, it is of now.
     */
    private long[] made(long now) {
        long[] made = new long[full.size()];
        int at = made.length;
        long next = now;
        for (Iterator<Full> each = full.descendingIterator(); each.hasNext();) {
            long own = each.next().madeMillis();
            next = own <= now ? own : next;
            made[--at] = next;
        }
        return made;
    }

    /**
     * Where records lie.
     *
     * @param first the sequence of the segment's first record
     * @param end the sequence of the first record of the next segment; {@link Long#MAX_VALUE} where there is none
     * @param rewritten as of the segment
     */
    record Place(Path path, long first, long end, long rewritten) {}

    /** Where a record lies; null if it is not kept. */
    @Nullable
    Place placeOf(long sequence, SegmentFile current) {
        long end = Long.MAX_VALUE;
        if (full.isEmpty() || full.getLast().first() != current.first()) {
            if (sequence >= current.first()) {
                return new Place(current.path(), current.first(), end, 0);
            }
            end = current.first();
        }
        for (Iterator<Full> each = full.descendingIterator(); each.hasNext();) {
            Full older = each.next();
            if (sequence >= older.first()) {
                return new Place(older.path(), older.first(), end, older.rewritten());
            }
            end = older.first();
        }
        return null;
    }

    /** The sequence of the oldest record that is kept. */
    long oldest(SegmentFile current) {
        return full.isEmpty() ? current.first() : full.getFirst().first();
    }

    /** Whether a segment of its own may go if the log went on in a new one. */
    boolean wouldLetGo(SegmentFile current, long keepFrom) {
        if (full.isEmpty()) {
            return false;
        }
        int seen = 0;
        for (Full each : full) {
            if (seen++ == 1) {
                return each.first() <= keepFrom;
            }
        }
        return current.first() <= keepFrom;
    }

    void delete(Path path) throws IOException {
        try {
            patient.<@Nullable Void>await(() -> patient.files().delete(path));
        } catch (NoSuchFileException none) {
            // Nothing to do.
        }
    }
}
