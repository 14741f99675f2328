package io.solaster.log;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.LogNames;
import io.solaster.log.format.Records;
import io.solaster.log.format.SegmentHeader;
import io.solaster.log.format.SegmentReader;
import org.jspecify.annotations.Nullable;

/**
 * Writes full segments anew without records that nobody needs: {@link ShardLog#compact}. What is left out is named by a record of the
 * log's own, so that nothing can be missing unnoticed; neighbours that have become small become one. The new file is whole and
 * synced before it takes the old one's name. On a virtual thread of the shard, one at a time.
 */
final class Compaction {
    /** A segment of which less than this part could go stays as it is. */
    private static final int WORTH = 8;
    private static final int BUFFER = 256 << 10;

    private final SegmentFiles segments;
    private final Path directory;
    private final long salt;
    private final long segmentBytes;
    private final RecordFilter filter;
    private final BooleanSupplier goesOn;
    private final Records.Gap gap = new Records.Gap();

    /** @param goesOn false once the log takes no records any more: then it ends, and leaves all as it is */
    Compaction(SegmentFiles segments, Path directory, long salt, long segmentBytes, RecordFilter filter,
            BooleanSupplier goesOn) {
        this.segments = segments;
        this.directory = directory;
        this.salt = salt;
        this.segmentBytes = segmentBytes;
        this.filter = filter;
        this.goesOn = goesOn;
    }

    /**
     * Segments that become one.
     *
     * @param end the sequence of the first record behind them
     */
    record Group(List<SegmentFiles.Full> segments, long end) {
        long first() {
            return segments.getFirst().first();
        }

        long bytes() {
            return segments.stream().mapToLong(SegmentFiles.Full::bytes).sum();
        }
    }

    /** What is to become one, of all segments before a record: those next to each other that have room in one. */
    List<Group> plan(long upTo, long next) throws IOException {
        List<SegmentFiles.Full> all = segments.all();
        List<Group> groups = new ArrayList<>();
        List<SegmentFiles.Full> open = new ArrayList<>();
        long openBytes = 0;
        boolean worth = false;
        for (int i = 0; i < all.size() && goesOn.getAsBoolean(); i++) {
            SegmentFiles.Full each = all.get(i);
            long end = i + 1 < all.size() ? all.get(i + 1).first() : next;
            if (end > upTo) {
                break;
            }
            long kept = kept(each);
            if (kept < 0) {
                // Retention has taken it.
                open.clear();
                openBytes = 0;
                worth = false;
                continue;
            }
            if (!open.isEmpty() && SegmentHeader.DATA + openBytes + kept > segmentBytes) {
                add(groups, open, each.first(), worth);
                open = new ArrayList<>();
                openBytes = 0;
                worth = false;
            }
            open.add(each);
            openBytes += kept;
            long data = each.bytes() - SegmentHeader.DATA;
            worth |= data - kept > data / WORTH;
            if (i + 1 == all.size() || (i + 2 == all.size() ? next : all.get(i + 2).first()) > upTo) {
                add(groups, open, end, worth);
                open = new ArrayList<>();
            }
        }
        return groups;
    }

    private static void add(List<Group> groups, List<SegmentFiles.Full> open, long end, boolean worth) {
        if (!open.isEmpty() && (worth || open.size() > 1)) {
            groups.add(new Group(List.copyOf(open), end));
        }
    }

    /** How many bytes of a segment stay; -1 if it is gone. */
    private long kept(SegmentFiles.Full segment) throws IOException {
        long kept = 0;
        boolean inGap = false;
        try (SegmentReader reader = open(segment)) {
            while (reader.next(salt)) {
                if (reader.kind() == Records.MARK && !reader.isGap()) {
                    continue;
                }
                boolean gone = reader.isGap() || !filter.keeps(reader.sequence(), reader.kind(), reader.payload());
                if (!gone) {
                    kept += reader.padded();
                } else if (!inGap) {
                    kept += Records.GAP_BYTES;
                }
                inGap = gone;
            }
            return kept;
        } catch (NoSuchFileException none) {
            return -1;
        }
    }

    private SegmentReader open(SegmentFiles.Full segment) throws IOException {
        return SegmentReader.open(segment.path(), new ForkSegments(segments.patient()));
    }

    /**
     * Writes a group into one file.
     *
     * @return the file, which has no name yet, and its bytes; null if it is to be left
     */
    SegmentFiles.@Nullable Written write(Group group) throws IOException {
        Patient patient = segments.patient();
        Path path = directory.resolve(LogNames.COMPACTING);
        segments.delete(path);
        ShardFile file = patient.await(() -> patient.files().open(path, OpenMode.CREATE_NEW));
        boolean whole = false;
        try {
            long at = 0;
            ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(BUFFER);
            try {
                long next = group.first();
                for (SegmentFiles.Full each : group.segments()) {
                    try (SegmentReader reader = open(each)) {
                        if (each.first() == group.first()) {
                            reader.checkedHeader().compacted(group.end()).write(buffer);
                        }
                        while (reader.next(salt)) {
                            if (reader.isGap()) {
                                gap.add(reader.sequence(), reader.gap(), reader.epoch());
                                next = reader.sequence() + reader.gap();
                            } else if (reader.kind() != Records.MARK) {
                                if (filter.keeps(reader.sequence(), reader.kind(), reader.payload())) {
                                    gap.write(buffer, salt);
                                    reader.copy(buffer);
                                } else {
                                    gap.add(reader.sequence(), 1, reader.epoch());
                                }
                                next = reader.sequence() + 1;
                            }
                            if (buffer.readableBytes() >= BUFFER) {
                                at = flush(file, buffer, at);
                            }
                            if (!goesOn.getAsBoolean()) {
                                return null;
                            }
                        }
                    }
                }
                gap.write(buffer, salt);
                at = flush(file, buffer, at);
                if (next != group.end()) {
                    throw new LogDamagedException(group.segments().getLast().path() + " ends before record " + next
                            + ", and the next segment begins with " + group.end() + ": it is left as it is", null);
                }
            } finally {
                buffer.release();
            }
            patient.sync(file);
            patient.close(file);
            whole = true;
            return new SegmentFiles.Written(path, at);
        } catch (NoSuchFileException taken) {
            return null;
        } finally {
            gap.clear();
            if (!whole) {
                segments.abandon(file, path);
            }
        }
    }

    private long flush(ShardFile file, ByteBuf buffer, long at) throws IOException {
        int bytes = buffer.readableBytes();
        segments.patient().write(file, buffer.retainedSlice(), at);
        buffer.clear();
        return at + bytes;
    }
}
