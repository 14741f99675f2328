package io.solaster.engine.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;

/**
 * One operation on its way through a ring, in as many submissions as it takes: the kernel may do a part, and be asked for the
 * rest. On the shard.
 */
abstract class RingRequest {
    private static final byte READV = 1;
    private static final byte WRITEV = 2;
    private static final byte FSYNC = 3;
    private static final byte FALLOCATE = 17;
    static final byte CANCEL = 14;
    private static final byte READ = 22;
    private static final byte WRITE = 23;
    /** What a ring must know. */
    static final byte[] USED = {READV, WRITEV, FSYNC, FALLOCATE, CANCEL, READ, WRITE};
    private static final int ONLY_DATA = 1;
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int MOST_TRIES = 100;

    final RingFile file;
    final Disk.Outcome<?> outcome;
    /** What the ring knows the latest submission by. */
    long token;
    private int tries;
    private @Nullable Throwable failure;

    /** @param outcome told of failure here, and of all else by {@link #succeed} */
    RingRequest(RingFile file, Disk.Outcome<?> outcome) {
        this.file = file;
        this.outcome = outcome;
    }

    /** Submits what is next; answers as {@link Ring#submit} does. */
    abstract long submit(Ring ring, int number);

    /**
     * What became of it.
     *
     * @return whether that was all, and {@link #tell} may be called; else {@link #submit} is to be called again
     */
    abstract boolean progress(int result);

    /** Tells the outcome of success. */
    abstract void succeed();

    /** Frees what only the request needs, once the kernel has done with it. The second time it does nothing. */
    void free() {}

    /** Tells what came of the request: once, when it has been freed. */
    final void tell() {
        Throwable why = failure;
        if (why == null) {
            succeed();
        } else {
            outcome.failed(why);
        }
    }

    /** As {@link #progress}, which may be tried again. */
    final boolean completed(int result) {
        try {
            return triedAgain(result);
        } catch (Throwable spoilt) {
            failure = spoilt;
            return true;
        }
    }

    private boolean triedAgain(int result) {
        if (result == -EINTR || result == -EAGAIN) {
            if (++tries < MOST_TRIES) {
                return false;
            }
        } else {
            tries = 0;
        }
        return progress(result);
    }

    final boolean fail(int result) {
        failure = result < 0
                ? FileError.exception(-result, file.path().toString())
                : new IOException("the disk took none of it");
        return true;
    }

    /** What is done without memory. */
    static final class Plain extends RingRequest {
        private final byte opcode;
        private final long size;
        private final Disk.Outcome<@Nullable Void> told;
        private boolean byZeros;

        private Plain(RingFile file, byte opcode, long size, Disk.Outcome<@Nullable Void> outcome) {
            super(file, outcome);
            this.told = outcome;
            this.opcode = opcode;
            this.size = size;
        }

        static Plain sync(RingFile file, Disk.Outcome<@Nullable Void> outcome) {
            return new Plain(file, FSYNC, 0, outcome);
        }

        static Plain allocate(RingFile file, long size, Disk.Outcome<@Nullable Void> outcome) {
            return new Plain(file, FALLOCATE, size, outcome);
        }

        @Override
        long submit(Ring ring, int number) {
            return opcode == FSYNC
                    ? ring.submit(FSYNC, file.descriptor(), 0, 0, 0, ONLY_DATA, number)
                    : ring.submit(FALLOCATE, file.descriptor(), 0, size, 0, 0, number);
        }

        @Override
        boolean progress(int result) {
            // Some file systems have no call for it: zeros are written then.
            byZeros = opcode == FALLOCATE && result == -FileError.EOPNOTSUPP.number();
            return result >= 0 || byZeros || fail(result);
        }

        @Override
        void succeed() {
            if (byZeros) {
                file.fillWithZeros(size, told);
            } else {
                told.done(null);
            }
        }
    }

    /** One block of memory on its way to a file or from one: what most operations are. */
    static final class Block extends RingRequest {
        private final long address;
        private final int length;
        private final long position;
        private final Disk.@Nullable Outcome<Integer> reader;
        private final Disk.@Nullable Outcome<@Nullable Void> writer;
        private int done;

        private Block(RingFile file, long address, int length, long position,
                Disk.@Nullable Outcome<Integer> reader, Disk.@Nullable Outcome<@Nullable Void> writer,
                Disk.Outcome<?> outcome) {
            super(file, outcome);
            this.address = address;
            this.length = length;
            this.position = position;
            this.reader = reader;
            this.writer = writer;
        }

        static Block read(RingFile file, long address, int length, long position, Disk.Outcome<Integer> outcome) {
            return new Block(file, address, length, position, outcome, null, outcome);
        }

        static Block write(RingFile file, long address, int length, long position,
                Disk.Outcome<@Nullable Void> outcome) {
            return new Block(file, address, length, position, null, outcome, outcome);
        }

        @Override
        long submit(Ring ring, int number) {
            return ring.submit(reader != null ? READ : WRITE, file.descriptor(), position + done, address + done,
                    length - done, 0, number);
        }

        @Override
        boolean progress(int result) {
            if (result < 0 || result == 0 && writer != null) {
                return fail(result);
            }
            done += result;
            return done == length || reader != null && isEnd(file, result);
        }

        @Override
        void succeed() {
            if (reader != null) {
                reader.done(done);
            } else if (writer != null) {
                writer.done(null);
            }
        }
    }

    /** Whether a read has met the end of its file. Past the page cache no read begins within a block: a part of one is. */
    private static boolean isEnd(RingFile file, int result) {
        return result == 0 || file.isDirect() && result % ShardFiles.ALIGNMENT != 0;
    }

    /** Bytes on their way between memory of many parts, or of the heap, and a file. */
    abstract static class Transfer extends RingRequest {
        private static final int MOST_PARTS = 1024;
        private static final int PART = 16;

        private final boolean reads;
        private final long position;
        private final ByteBuffer[] given;
        private final ByteBuffer[] parts;
        /** Direct memory in place of what is on the heap, which the kernel does not reach; null where there is none. */
        private @Nullable ByteBuf copy;
        private int part;
        int done;
        private long vector;

        Transfer(RingFile file, boolean reads, ByteBuffer[] given, long position, Disk.Outcome<?> outcome) {
            super(file, outcome);
            this.reads = reads;
            this.position = position;
            this.given = given;
            this.parts = isDirect(given) ? given : new ByteBuffer[]{copy()};
        }

        private static boolean isDirect(ByteBuffer[] buffers) {
            for (ByteBuffer each : buffers) {
                if (!each.isDirect()) {
                    return false;
                }
            }
            return true;
        }

        private ByteBuffer copy() {
            int length = 0;
            for (ByteBuffer each : given) {
                length += each.remaining();
            }
            ByteBuf made = ByteBufAllocator.DEFAULT.directBuffer(length);
            copy = made;
            ByteBuffer memory = made.nioBuffer(0, length);
            if (!reads) {
                for (ByteBuffer each : given) {
                    memory.put(each.duplicate());
                }
                memory.flip();
            }
            return memory;
        }

        /** Whether there is nothing left to be moved. */
        boolean isComplete() {
            while (part < parts.length && !parts[part].hasRemaining()) {
                part++;
            }
            return part == parts.length;
        }

        @Override
        long submit(Ring ring, int number) {
            freeVector();
            int descriptor = file.descriptor();
            int count = Math.min(parts.length - part, MOST_PARTS);
            if (count == 1) {
                return ring.submit(reads ? READ : WRITE, descriptor, position + done, address(parts[part]),
                        parts[part].remaining(), 0, number);
            }
            vector = Memory.allocate((long) count * PART);
            for (int i = 0; i < count; i++) {
                Memory.putLong(vector + (long) i * PART, address(parts[part + i]));
                Memory.putLong(vector + (long) i * PART + Long.BYTES, parts[part + i].remaining());
            }
            return ring.submit(reads ? READV : WRITEV, descriptor, position + done, vector, count, 0, number);
        }

        private static long address(ByteBuffer buffer) {
            return MemorySegment.ofBuffer(buffer).address();
        }

        @Override
        void free() {
            freeVector();
            ByteBuf made = copy;
            if (made != null) {
                copy = null;
                made.release();
            }
        }

        private void freeVector() {
            if (vector != 0) {
                Memory.free(vector);
                vector = 0;
            }
        }

        void moved(int count) {
            done += count;
            for (int left = count; left > 0;) {
                ByteBuffer now = parts[part];
                int some = Math.min(left, now.remaining());
                now.position(now.position() + some);
                left -= some;
                if (!now.hasRemaining()) {
                    part++;
                }
            }
        }

        /** Brings to the heap what was read for it. */
        void bringHome() {
            if (copy != null) {
                ByteBuffer read = parts[0].flip();
                for (ByteBuffer each : given) {
                    int some = Math.min(read.remaining(), each.remaining());
                    each.put(each.position(), read, read.position(), some);
                    read.position(read.position() + some);
                }
            }
        }
    }

    /** Until the memory is full, or the file ends. */
    static final class Read extends Transfer {
        private final Disk.Outcome<Integer> told;

        Read(RingFile file, ByteBuffer[] into, long position, Disk.Outcome<Integer> outcome) {
            super(file, true, into, position, outcome);
            told = outcome;
        }

        @Override
        boolean progress(int result) {
            if (result < 0) {
                return fail(result);
            }
            moved(result);
            if (!isComplete() && !isEnd(file, result)) {
                return false;
            }
            bringHome();
            return true;
        }

        @Override
        void succeed() {
            told.done(done);
        }
    }

    /** Until all is written. */
    static final class Write extends Transfer {
        private final Disk.Outcome<@Nullable Void> told;

        Write(RingFile file, ByteBuffer[] from, long position, Disk.Outcome<@Nullable Void> outcome) {
            super(file, false, from, position, outcome);
            told = outcome;
        }

        @Override
        boolean progress(int result) {
            if (result <= 0) {
                return fail(result);
            }
            moved(result);
            return isComplete();
        }

        @Override
        void succeed() {
            told.done(null);
        }
    }
}
