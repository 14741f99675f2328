package io.solaster.log;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.log.format.Damage;
import io.solaster.log.format.LogNames;
import io.solaster.log.format.LogScan;
import io.solaster.log.format.SegmentHeader;
import io.solaster.log.format.SegmentReader.Tail;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the log of one shard: reads what is there, cuts what a crash has torn, begins a new segment. */
final class Opening {
    private static final Logger log = LoggerFactory.getLogger(Opening.class);

    private final String name;
    private final Shard shard;
    private final Path directory;
    private final LogConfig config;
    private final int shards;
    private final Patient patient;

    /** @param directory the shard's */
    Opening(String name, Shard shard, Path directory, LogConfig config, int shards) {
        this.name = name;
        this.shard = shard;
        this.directory = directory;
        this.config = config;
        this.shards = shards;
        this.patient = new Patient(shard.files());
    }

    /**
     * What was opened.
     *
     * @param records that were read
     * @param segments in which they were
     * @param cut bytes of a torn tail
     */
    record Opened(ShardLog log, long records, int segments, long cut) {}

    /**
     * Makes a directory, and sees to it that a crash leaves it. Each level is synced before the next is made in it, so that of those
     * that a process has left when it was killed, the last alone may be unsynced. On a virtual thread of the shard.
     */
    static void makeDirectory(Patient patient, Path directory) throws IOException {
        Deque<Path> missing = new ArrayDeque<>();
        Path last = directory;
        while (!exists(patient, last)) {
            missing.push(last);
            Path parent = last.getParent();
            if (parent == null) {
                break;
            }
            last = parent;
        }
        syncParent(patient, last);
        for (Path each : missing) {
            patient.<@Nullable Void>await(() -> patient.files().createDirectories(each));
            Path parent = each.getParent();
            if (parent != null) {
                patient.<@Nullable Void>await(() -> patient.files().syncDirectory(parent));
            }
        }
    }

    /** What is there may have been made by a process that was killed before it had synced that. */
    private static void syncParent(Patient patient, Path directory) throws IOException {
        Path parent = directory.getParent();
        if (parent == null) {
            return;
        }
        try {
            patient.<@Nullable Void>await(() -> patient.files().syncDirectory(parent));
        } catch (AccessDeniedException notOurs) {
            log.debug("{} may not be read: who has made {} there must have synced it", parent, directory, notOurs);
        }
    }

    private static boolean exists(Patient patient, Path path) throws IOException {
        try {
            patient.await(() -> patient.files().status(path));
            return true;
        } catch (NoSuchFileException none) {
            return false;
        }
    }

    /** On a virtual thread of the shard. */
    Opened run(RecordConsumer consumer) throws Exception {
        makeDirectory(patient, directory);
        LogScan.Found found = scan(name, patient, directory, shard.id(), shards, consumer);
        long salt = found.salt();
        while (salt == 0) {
            salt = shard.environment().secrets().nextLong();
        }
        SegmentFiles segments = new SegmentFiles(shard, directory, config, shards, salt);
        for (Path each : found.outdated()) {
            segments.delete(each);
        }
        segments.delete(directory.resolve(LogNames.COMPACTING));
        if (found.unborn() != null) {
            segments.delete(found.unborn());
        }
        keep(found, segments);
        SegmentFile current = segments.prepare();
        try {
            segments.begin(current, found.next(), found.records() == 0 ? found.next() : found.oldest(),
                    found.epoch());
        } catch (IOException | RuntimeException failure) {
            segments.abandon(current.file(), current.path());
            throw failure;
        }
        ShardLog made = new ShardLog(name, shard, config, shard.currentGroup(), directory, segments, current,
                new ShardLog.Recovered(found.next(), found.epoch(), found.oldest(), salt), new LogStats());
        Tail tail = found.tail();
        return new Opened(made, found.records(), found.segments().size(), tail == null ? 0 : tail.bytes());
    }

    /** Tells what a shard has written, and leaves it as it is. On a virtual thread of a shard. */
    static void read(String name, Shard shard, Path directory, int writer, RecordConsumer consumer) throws Exception {
        scan(name, new Patient(shard.files()), directory, writer, 0, consumer);
    }

    private static LogScan.Found scan(String name, Patient patient, Path directory, int writer, int shards,
            RecordConsumer consumer) throws Exception {
        try {
            LogScan.Found found = new LogScan(directory, new ForkSegments(patient), writer, shards)
                    .run(consumer::record);
            consumer.ended(found.next());
            return found;
        } catch (Damage damage) {
            throw new LogDamagedException("log '" + name + "': " + damage.getMessage()
                    + ". Look at it with solaster-log.jar's 'check', and mend a copy with 'repair'", damage);
        }
    }

    /** What is there stays, but for the torn tail. */
    private void keep(LogScan.Found found, SegmentFiles segments) throws IOException {
        List<LogScan.Segment> all = found.segments();
        for (int i = 0; i < all.size(); i++) {
            LogScan.Segment each = all.get(i);
            SegmentHeader header = each.header();
            if (i < all.size() - 1) {
                segments.add(new SegmentFiles.Full(each.file(), header.first(), each.bytes(), header.madeMillis(), 0));
                continue;
            }
            cut(each.file(), found.end(), found.tail());
            // Without a record it stays until its successor, which has the same name, takes its place: it alone says what was let go of.
            if (header.first() < found.next()) {
                segments.add(new SegmentFiles.Full(each.file(), header.first(), found.end(), header.madeMillis(), 0));
            }
        }
    }

    /** The newest segment ends with its last record from now on, and all of it is on the disk. */
    private void cut(Path path, long end, @Nullable Tail tail) throws IOException {
        if (tail != null) {
            log.warn("Log '{}': the last {} of {} were torn by a crash and are cut off at byte {}{}", name,
                    new ByteSize(tail.bytes()), path, end, tail.records() == 0
                            ? ""
                            : "; " + tail.records() + " whole records among them had not been synced either");
        }
        ShardFile file = patient.await(() -> patient.files().open(path, OpenMode.WRITE));
        try {
            patient.truncate(file, end);
            patient.sync(file);
        } finally {
            patient.close(file);
        }
    }

    /** A consumer for who wants no records. */
    static void ignore(long sequence, long epoch, int kind, ByteBuf payload) {
        // It is checked all the same.
    }

    /** The shards that a log was written by, as far as its directory tells. */
    static int shardsOf(List<String> names) {
        int most = 0;
        for (String each : names) {
            most = Math.max(most, LogNames.shardOf(each).orElse(-1) + 1);
        }
        return most;
    }
}
