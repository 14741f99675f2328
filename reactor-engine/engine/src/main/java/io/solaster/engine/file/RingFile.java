package io.solaster.engine.file;

import java.io.IOException;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A file whose bytes go through a shard's ring; the rest is done by threads off the shards. */
final class RingFile implements Disk.Handle {
    private static final Logger log = LoggerFactory.getLogger(RingFile.class);
    private static final Cleaner CLEANER = Cleaner.create();
    private static final AtomicLong DROPPED = new AtomicLong();
    private final FileRing ring;
    private final ChannelDisk threads;
    private final Path path;
    private final int descriptor;
    private final boolean direct;
    private final Closer open;
    private final Cleaner.Cleanable dropped;
    /** What more is known of it, where it is to be sent or has no name. */
    private final @Nullable Descriptor special;

    RingFile(FileRing ring, ChannelDisk threads, Path path, Descriptor special) {
        this(ring, threads, path, special.number(), false, special);
    }

    RingFile(FileRing ring, ChannelDisk threads, Path path, int descriptor, boolean direct) {
        this(ring, threads, path, descriptor, direct, null);
    }

    private RingFile(FileRing ring, ChannelDisk threads, Path path, int descriptor, boolean direct,
            @Nullable Descriptor special) {
        this.special = special;
        this.ring = ring;
        this.threads = threads;
        this.path = path;
        this.descriptor = descriptor;
        this.direct = direct;
        this.open = new Closer(descriptor, path);
        this.dropped = CLEANER.register(this, open);
    }

    /** What is to be closed, once: by who closes the file or, where nobody can any more, by the collector. */
    private static final class Closer implements Runnable {
        private final int number;
        private final Path path;
        private final AtomicBoolean closed = new AtomicBoolean();

        Closer(int number, Path path) {
            this.number = number;
            this.path = path;
        }

        @Override
        public void run() {
            if (closed.compareAndSet(false, true)) {
                Libc.close(number);
                long count = DROPPED.incrementAndGet();
                // Whoever forgets one forgets many.
                if (Long.bitCount(count) == 1) {
                    log.warn(
                            "{} was dropped and never closed, as the {}. file of this process: its descriptor is closed"
                                    + " now; call ShardFile.close()",
                            path, count);
                }
            }
        }

        void close() throws IOException {
            if (closed.compareAndSet(false, true)) {
                Libc.close(number, path);
            }
        }
    }

    Path path() {
        return path;
    }

    @Override
    public int descriptor() {
        return descriptor;
    }

    @Override
    public long sizeWhenOpened() {
        return special == null ? -1 : special.size();
    }

    @Override
    public boolean isUnnamed() {
        return special != null && special.isUnnamed();
    }

    @Override
    public void keep(Path target, Disk.Outcome<@Nullable Void> outcome) {
        Descriptor kept = special;
        if (kept == null || !kept.isUnnamed()) {
            Disk.Handle.super.keep(target, outcome);
        } else {
            threads.act(outcome, () -> kept.keep(target));
        }
    }

    @Override
    public boolean isDirect() {
        return direct;
    }

    @Override
    public void read(ByteBuffer[] into, long position, Disk.Outcome<Integer> outcome) {
        RingRequest.Read read = new RingRequest.Read(this, into, position, outcome);
        if (read.isComplete()) {
            read.free();
            outcome.done(0);
        } else {
            ring.begin(read);
        }
    }

    @Override
    public void write(ByteBuffer[] from, long position, Disk.Outcome<@Nullable Void> outcome) {
        RingRequest.Write write = new RingRequest.Write(this, from, position, outcome);
        if (write.isComplete()) {
            write.free();
            outcome.done(null);
        } else {
            ring.begin(write);
        }
    }

    @Override
    public void read(ByteBuf into, int index, int length, long position, Disk.Outcome<Integer> outcome) {
        if (length == 0) {
            outcome.done(0);
        } else if (into.hasMemoryAddress()) {
            ring.begin(RingRequest.Block.read(this, into.memoryAddress() + index, length, position, outcome));
        } else {
            read(into.nioBuffers(index, length), position, outcome);
        }
    }

    @Override
    public void write(ByteBuf from, int index, int length, long position, Disk.Outcome<@Nullable Void> outcome) {
        if (length == 0) {
            outcome.done(null);
        } else if (from.hasMemoryAddress()) {
            ring.begin(RingRequest.Block.write(this, from.memoryAddress() + index, length, position, outcome));
        } else {
            write(from.nioBuffers(index, length), position, outcome);
        }
    }

    @Override
    public void sync(Disk.Outcome<@Nullable Void> outcome) {
        ring.begin(RingRequest.Plain.sync(this, outcome));
    }

    @Override
    public void preallocate(long size, Disk.Outcome<@Nullable Void> outcome) {
        if (size == 0) {
            outcome.done(null);
        } else {
            ring.begin(RingRequest.Plain.allocate(this, size, outcome));
        }
    }

    void fillWithZeros(long size, Disk.Outcome<@Nullable Void> outcome) {
        threads.act(outcome, () -> {
            Path opened = Path.of("/proc/self/fd", String.valueOf(descriptor));
            try (FileChannel channel = FileChannel.open(opened, StandardOpenOption.WRITE)) {
                ChannelDisk.fillWithZeros(channel, path, size);
            }
        });
    }

    @Override
    public void truncate(long size, Disk.Outcome<@Nullable Void> outcome) {
        threads.act(outcome, () -> Libc.truncate(descriptor, size, path));
    }

    @Override
    public void size(Disk.Outcome<Long> outcome) {
        threads.run(outcome, () -> Libc.size(descriptor, path));
    }

    @Override
    public void close(Disk.Outcome<@Nullable Void> outcome) {
        threads.runInAnyCase(outcome, () -> {
            open.close();
            dropped.clean();
        });
    }
}
