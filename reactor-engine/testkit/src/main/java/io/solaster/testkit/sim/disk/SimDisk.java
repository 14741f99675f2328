package io.solaster.testkit.sim.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

import io.solaster.engine.file.Disk;
import io.solaster.engine.file.DiskFullException;
import io.solaster.engine.file.FileStatus;
import io.solaster.engine.file.OpenMode;
import io.solaster.testkit.sim.disk.Inode.Change;
import io.solaster.testkit.sim.disk.Node.Directory;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory: the same {@link Disk} as the machine's, which can fail, fill up, be slow, and lose its power. It does what
 * POSIX lets a disk do, which is more than most disks ever do: after {@link #crash}, each write that no sync had covered is there,
 * is not, or is torn at a sector of 512 bytes, whatever became of those before it; so is each name that was made, changed or
 * removed since its directory was synced.
 *
 * <pre>{@code
 * SimDisk disk = new SimDisk(new SplittableRandom(42), delays);
 * disk.set(DiskFaults.NONE.jittered(Duration.ofMillis(5)).withSyncErrors(0.01));
 * // ... a log on it ...
 * disk.crash();
 * // ... a log that recovers; disk.count(Effect.TORN_WRITES) says what it met ...
 * }</pre>
 *
 * One disk is one machine's. It has no thread and no clock: time is what it was made with. All that it does by chance, it draws
 * from one generator, so what is called in the same order does the same. {@link FileStatus#modifiedMillis} counts from where
 * that time begins. Any thread may call.
 *
 * <p>
 * Longer than 500 lines because all operations share one lock, and what a fault or a crash makes of each stands beside it.
 */
public final class SimDisk implements Disk, AutoCloseable {
    private final RandomGenerator random;
    private final Delays delays;
    private final Names names = new Names();
    private final Set<Inode> open = new LinkedHashSet<>();
    private final Set<Asked<?>> unanswered = new LinkedHashSet<>();
    private final Map<Effect, Long> effects = new EnumMap<>(Effect.class);
    /** Of the process that lives. */
    private final Set<Path> locked = new HashSet<>();
    private DiskFaults faults = DiskFaults.NONE;
    private long capacityPages = Long.MAX_VALUE;
    /** When the last byte so far has been read or written. */
    private long busyUntil;
    /** How often the process or the machine has ended: what was asked for before is not answered. */
    private long lives;

    /** What a disk has done so far. */
    public enum Effect {
        /** Operations that have ended, well or not. */
        OPERATIONS,
        /** Operations that took time. */
        DELAYED,
        /** What failed with EIO. */
        ERRORS,
        /** What found no room. */
        FULL,
        /** Bits that were changed. */
        FLIPPED_BITS,
        /** Writes without a sync that a crash has left whole. */
        KEPT_WRITES,
        /** Writes that a crash has undone. */
        LOST_WRITES,
        /** Writes of which a crash has left some sectors. */
        TORN_WRITES,
        /** Changes of a file that are there after a crash while earlier ones of it are not. */
        REORDERED,
        /** Changes of names that are there after a crash, without a sync. */
        KEPT_NAMES,
        /** Changes of names that a crash has undone. */
        LOST_NAMES
    }

    /**
     * An empty disk without faults.
     *
     * @param random what chance is drawn from
     * @param delays the time that operations take; may run them on any thread
     */
    public SimDisk(RandomGenerator random, Delays delays) {
        this.random = random;
        this.delays = delays;
    }

    /** What the disk does from now on to what begins and ends; what has happened stays. */
    public synchronized void set(DiskFaults newFaults) {
        faults = newFaults;
    }

    /** How many bytes there is room for, in pages of 4,096; what is there stays. */
    public synchronized void capacity(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("room for " + bytes + " bytes; give 0 or more");
        }
        capacityPages = bytes / Content.PAGE;
    }

    /** How much of something has happened. */
    public synchronized long count(Effect effect) {
        return effects.getOrDefault(effect, 0L);
    }

    synchronized void add(Effect effect) {
        effects.merge(effect, 1L, Long::sum);
    }

    /** Files that are open. */
    public synchronized int openFiles() {
        return open.stream().mapToInt(Inode::handles).sum();
    }

    /**
     * The power fails. What was not synced survives by chance, in part or not at all; nothing that is under way is answered any
     * more, before {@link #close}, and no file is open. The disk is ready to be used again.
     */
    public synchronized void crash() {
        lives++;
        busyUntil = 0;
        names.crash(random, this);
        names.forEachFile(file -> file.crash(random, this));
        open.clear();
        locked.clear();
    }

    /**
     * The process ends, the machine goes on: what was done stays, what is under way is done or not, and none of it is answered
     * any more.
     */
    public synchronized void kill() {
        lives++;
        Set<Inode> all = new LinkedHashSet<>(open);
        names.forEachFile(all::add);
        all.forEach(file -> file.kill(random, delays.nanoTime()));
        open.clear();
        locked.clear();
    }

    /**
     * One bit of a file rots, on the medium.
     *
     * @throws IOException if there is no such file
     * @throws IllegalArgumentException if it is shorter
     */
    public synchronized void flipBit(Path path, long position) throws IOException {
        Inode file = names.file(path);
        if (position < 0 || position >= file.seen().size()) {
            throw new IllegalArgumentException(
                    "byte " + position + " of " + path + ", which has " + file.seen().size());
        }
        file.flip(position, random.nextInt(Byte.SIZE));
        add(Effect.FLIPPED_BITS);
    }

    @Override
    public void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome) {
        begin(0, outcome, () -> {
            Inode file;
            if (mode == OpenMode.READ || mode == OpenMode.WRITE) {
                mayFail(faults.readErrors());
                file = names.file(path);
            } else {
                mayFail(faults.writeErrors());
                file = names.create(path, mode == OpenMode.CREATE_NEW, delays.nanoTime());
            }
            file.opened();
            open.add(file);
            return new OpenFile(file, direct, mode == OpenMode.APPEND);
        });
    }

    @Override
    public void status(Path path, Outcome<FileStatus> outcome) {
        begin(0, outcome, () -> {
            mayFail(faults.readErrors());
            return switch (names.get(path)) {
                case Inode file -> new FileStatus(FileStatus.Kind.FILE, file.seen().size(),
                        TimeUnit.NANOSECONDS.toMillis(file.modifiedNanos()));
                case Directory _ -> new FileStatus(FileStatus.Kind.DIRECTORY, 0, 0);
            };
        });
    }

    @Override
    public void list(Path directory, Outcome<List<String>> outcome) {
        begin(0, outcome, () -> {
            mayFail(faults.readErrors());
            return List.copyOf(names.directory(directory).seen.keySet());
        });
    }

    @Override
    public void createDirectories(Path directory, Outcome<@Nullable Void> outcome) {
        change(outcome, () -> names.createDirectories(directory));
    }

    @Override
    public void rename(Path from, Path to, Outcome<@Nullable Void> outcome) {
        change(outcome, () -> names.rename(from, to));
    }

    @Override
    public void delete(Path path, Outcome<@Nullable Void> outcome) {
        change(outcome, () -> names.delete(path));
    }

    @Override
    public void syncDirectory(Path directory, Outcome<@Nullable Void> outcome) {
        long mark;
        synchronized (this) {
            mark = names.mark();
        }
        act(0, outcome, () -> {
            Directory synced = names.directory(directory);
            mayFail(faults.syncErrors());
            names.sync(synced, mark);
        });
    }

    @Override
    public void lock(Path path, Outcome<Closeable> outcome) {
        begin(0, outcome, () -> {
            mayFail(faults.writeErrors());
            names.create(path, false, delays.nanoTime());
            if (!locked.add(path)) {
                throw new FileSystemException(path.toString(), null, "this process has locked it already");
            }
            long life = lives;
            return () -> unlock(path, life);
        });
    }

    private synchronized void unlock(Path path, long life) {
        if (life == lives) {
            locked.remove(path);
        }
    }

    private void change(Outcome<@Nullable Void> outcome, Action action) {
        act(0, outcome, () -> {
            mayFail(faults.writeErrors());
            action.run();
        });
    }

    private void act(int bytes, Outcome<@Nullable Void> outcome, Action action) {
        this.<@Nullable Void>begin(bytes, outcome, () -> {
            action.run();
            return null;
        });
    }

    private <T extends @Nullable Object> void begin(int bytes, Outcome<? super T> outcome, Work<T> work) {
        Asked<T> asked = new Asked<>(outcome, work);
        long nanos;
        synchronized (this) {
            nanos = delay(bytes);
            asked.life = lives;
            unanswered.add(asked);
        }
        delays.after(nanos, () -> end(asked));
    }

    private <T extends @Nullable Object> void end(Asked<T> asked) {
        T result;
        try {
            synchronized (this) {
                if (asked.life != lives || !unanswered.remove(asked)) {
                    return;
                }
                add(Effect.OPERATIONS);
                result = asked.work.run();
            }
        } catch (IOException | RuntimeException failure) {
            asked.outcome.failed(failure);
            return;
        }
        asked.outcome.done(result);
    }

    /**
     * Fails all that was never answered, so that whoever asked lets go of memory: once the engines that asked have been taken
     * down. The disk itself stays as it is.
     */
    @Override
    public void close() {
        List<Asked<?>> all;
        synchronized (this) {
            all = List.copyOf(unanswered);
            unanswered.clear();
        }
        all.forEach(asked -> asked.outcome.failed(new IOException("the machine has ended")));
    }

    private long delay(int bytes) {
        long nanos = faults.delay().toNanos();
        if (!faults.jitter().isZero()) {
            nanos += random.nextLong(faults.jitter().toNanos() + 1);
        }
        if (faults.bytesPerSecond() > 0) {
            long now = delays.nanoTime();
            long took = bytes * Duration.ofSeconds(1).toNanos() / faults.bytesPerSecond();
            busyUntil = busyUntil == 0 ? now + took : Math.max(now, busyUntil) + took;
            nanos += busyUntil - now;
        }
        if (nanos > 0) {
            add(Effect.DELAYED);
        }
        return nanos;
    }

    private void mayFail(double likelihood) throws IOException {
        if (isDrawn(likelihood)) {
            add(Effect.ERRORS);
            throw new IOException("Input/output error");
        }
    }

    private boolean isDrawn(double likelihood) {
        return likelihood > 0 && random.nextDouble() < likelihood;
    }

    private long freePages() {
        if (capacityPages == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        Set<Inode> all = new LinkedHashSet<>(open);
        names.forEachFile(all::add);
        return Math.max(0, capacityPages - all.stream().mapToLong(file -> file.seen().pages()).sum());
    }

    private DiskFullException full() {
        add(Effect.FULL);
        return new DiskFullException("", "No space left on device");
    }

    /** Done at once, when its time has come. */
    private interface Work<T extends @Nullable Object> {
        T run() throws IOException;
    }

    /** What was asked for and is not answered. */
    private static final class Asked<T extends @Nullable Object> {
        final Outcome<? super T> outcome;
        final Work<T> work;
        long life;

        Asked(Outcome<? super T> outcome, Work<T> work) {
            this.outcome = outcome;
            this.work = work;
        }
    }

    /** Work that has no result. */
    private interface Action {
        void run() throws IOException;
    }

    private final class OpenFile implements Handle {
        private final Inode file;
        private final boolean direct;
        private final boolean appends;
        private final long life = lives;

        OpenFile(Inode file, boolean direct, boolean appends) {
            this.file = file;
            this.direct = direct;
            this.appends = appends;
        }

        @Override
        public boolean isDirect() {
            return direct;
        }

        @Override
        public void read(ByteBuffer[] into, long position, Outcome<Integer> outcome) {
            begin(remaining(into), outcome, () -> {
                if (appends) {
                    throw new IOException("it was opened to be appended to");
                }
                mayFail(faults.readErrors());
                int count = 0;
                for (ByteBuffer each : into) {
                    count += read(each, position + count);
                }
                return count;
            });
        }

        private int read(ByteBuffer into, long position) {
            int from = into.position();
            int count = file.seen().read(into, position);
            if (count > 0 && isDrawn(faults.flips())) {
                int at = from + random.nextInt(count);
                into.put(at, (byte) (into.get(at) ^ 1 << random.nextInt(Byte.SIZE)));
                add(Effect.FLIPPED_BITS);
            }
            return count;
        }

        private static int remaining(ByteBuffer[] buffers) {
            return Arrays.stream(buffers).mapToInt(ByteBuffer::remaining).sum();
        }

        @Override
        public void write(ByteBuffer[] from, long named, Outcome<@Nullable Void> outcome) {
            ByteBuffer all = ByteBuffer.allocate(remaining(from));
            for (ByteBuffer each : from) {
                all.put(each);
            }
            byte[] bytes = all.array();
            long position = appends ? end() : named;
            Inode.Write write = new Inode.Write(position, bytes);
            begin(bytes.length, write, outcome, () -> {
                if (isDrawn(faults.writeErrors())) {
                    did(write.first(random.nextInt(bytes.length + 1)));
                    mayFail(1);
                }
                int fits = file.seen().fits(position, bytes.length, freePages());
                did(write.first(fits));
                if (fits < bytes.length) {
                    throw full();
                }
            });
        }

        /** Where what is appended now comes to lie: behind what others append. */
        private long end() {
            synchronized (SimDisk.this) {
                return file.end();
            }
        }

        @Override
        public void sync(Outcome<@Nullable Void> outcome) {
            long mark;
            synchronized (SimDisk.this) {
                mark = file.mark();
            }
            act(outcome, () -> {
                if (isDrawn(faults.syncErrors())) {
                    file.failSync(mark, random);
                    mayFail(1);
                }
                file.sync(mark);
            });
        }

        @Override
        public void truncate(long size, Outcome<@Nullable Void> outcome) {
            Change change = new Inode.Resize(size);
            begin(0, change, outcome, () -> {
                mayFail(faults.writeErrors());
                did(change);
            });
        }

        @Override
        public void preallocate(long size, Outcome<@Nullable Void> outcome) {
            Change change = new Inode.Reserve(size);
            begin(0, change, outcome, () -> {
                mayFail(faults.writeErrors());
                long pages = (size + Content.PAGE - 1) / Content.PAGE;
                if (pages - file.seen().pages() > freePages()) {
                    throw full();
                }
                did(change);
            });
        }

        @Override
        public void size(Outcome<Long> outcome) {
            begin(0, outcome, () -> file.seen().size());
        }

        @Override
        public void close(Outcome<@Nullable Void> outcome) {
            act(outcome, () -> {
                file.closed();
                if (file.handles() == 0) {
                    open.remove(file);
                }
            });
        }

        private void begin(int bytes, Change change, Outcome<@Nullable Void> outcome, Action action) {
            synchronized (SimDisk.this) {
                if (life == lives) {
                    file.begin(change);
                }
            }
            this.<@Nullable Void>begin(bytes, outcome, () -> {
                try {
                    action.run();
                } finally {
                    file.end(change);
                }
                return null;
            });
        }

        private void act(Outcome<@Nullable Void> outcome, Action action) {
            this.<@Nullable Void>begin(0, outcome, () -> {
                action.run();
                return null;
            });
        }

        private <T extends @Nullable Object> void begin(int bytes, Outcome<? super T> outcome, Work<T> work) {
            SimDisk.this.<T>begin(bytes, outcome, () -> {
                if (life != lives) {
                    throw new IOException("it was open when the machine ended; open it anew");
                }
                return work.run();
            });
        }

        private void did(Change done) {
            file.did(done, delays.nanoTime());
        }
    }
}
