package io.solaster.engine.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;

import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;
import io.solaster.config.Internal;
import io.solaster.config.value.CpuSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files through an io_uring: that which a shard has for its sockets, or one for its files alone where the transport is epoll.
 * Reads, writes, syncs and allocation are submitted with whatever else the turn submits, and end on the shard. What Linux has no
 * way to do through a ring on all kernels, or does on a thread of its own in any case, is done by the threads for files. On the
 * shard.
 *
 * <p>
 * The kernel reads and writes memory for as long as an operation is under way. So what is under way when the ring ends keeps its
 * memory for ever.
 */
@Internal
public final class FileRing implements Disk {
    private static final Logger log = LoggerFactory.getLogger(FileRing.class);
    /** What a shard that has ended has left to the kernel: nobody may have that memory again. */
    private static final Queue<Object> LOST = new ConcurrentLinkedQueue<>();

    private static final int ECANCELED = 125;

    private final ChannelDisk threads;
    private @Nullable Ring ring;
    private @Nullable RingRequest[] requests = new RingRequest[64];
    private int[] free = new int[64];
    private int freed;
    private int used;
    private int underWay;
    private @Nullable RejectedExecutionException cancelled;
    private @Nullable RejectedExecutionException ended;

    /** @param threads for what does not go through the ring */
    public FileRing(ChannelDisk threads) {
        this.threads = threads;
    }

    /** Registers what belongs to files with a shard's transport. */
    @FunctionalInterface
    public interface Registrar {
        IoRegistration register(IoHandle handle) throws Exception;
    }

    /** Uses the ring that a shard has for its sockets. Before anything is asked; on the shard's thread. */
    public void useSockets(Registrar shard) throws Exception {
        NettyRing sockets = new NettyRing(this);
        sockets.use(shard.register(sockets));
        ring = sockets;
    }

    /**
     * Uses a ring of the files' own. Before anything is asked; on the shard's thread.
     *
     * @param depth operations under way at once
     * @throws IOException if the kernel refuses
     */
    public void useOwn(Registrar shard, int depth) throws Exception {
        KernelRing own = KernelRing.open(this, depth);
        try {
            own.use(shard.register(own));
        } catch (Throwable refused) {
            own.abandon();
            throw refused;
        }
        ring = own;
    }

    /** Why {@link #useOwn} cannot do; null if it can. Any thread. */
    public static @Nullable String refusal() {
        return KernelRing.refusal();
    }

    void use(Ring newRing) {
        ring = newRing;
    }

    private Ring ring() {
        return Objects.requireNonNull(ring, "the ring is not there yet");
    }

    /**
     * Has the kernel's workers, which do what would block, run where all runs that is no shard: else they may share its CPU. And
     * bounds how many there are. On the shard's thread.
     */
    public void bindWorkers(CpuSet cpus, int most) {
        int result;
        try {
            int descriptor = ring() instanceof NettyRing sockets
                    ? sockets.descriptor()
                    : ((KernelRing) ring()).descriptor();
            result = Libc.bindWorkers(descriptor, cpus);
            if (result == 0) {
                result = Libc.boundWorkers(descriptor, most);
            }
        } catch (ReflectiveOperationException | RuntimeException unknown) {
            log.warn("The ring's workers stay where the kernel has put them, perhaps on CPUs of shards: {}",
                    unknown.toString());
            return;
        }
        if (result < 0) {
            log.warn(
                    "The kernel refused to keep the ring's workers on CPUs {} (error {}): they may run on CPUs of shards",
                    cpus, -result);
        }
    }

    /** Operations that the kernel has. */
    public int underWay() {
        return underWay;
    }

    /**
     * Hands over to the kernel what the turn has asked for.
     *
     * @return whether something has ended, and {@link #tell} is to be called
     */
    public boolean flush() {
        Ring flushed = ring;
        return flushed != null && flushed.flush();
    }

    /** Tells of what has ended. */
    public void tell() {
        ring().tell();
    }

    void begin(RingRequest request) {
        RejectedExecutionException why = ended != null ? ended : cancelled;
        if (why != null) {
            request.free();
            request.outcome.failed(why);
            return;
        }
        if (freed == 0 && used == requests.length) {
            requests = Arrays.copyOf(requests, requests.length * 2);
            free = Arrays.copyOf(free, free.length * 2);
        }
        int number = freed > 0 ? free[--freed] : used++;
        requests[number] = request;
        underWay++;
        submit(request, number);
    }

    private void submit(RingRequest request, int number) {
        Throwable why;
        try {
            request.token = request.submit(ring(), number);
            if (request.token != Ring.NONE) {
                return;
            }
            why = new RejectedExecutionException("the shard's ring takes no more");
        } catch (Throwable refused) {
            // The kernel has not got it.
            why = refused;
        }
        release(number);
        request.outcome.failed(why);
    }

    private void release(int number) {
        RingRequest request = requests[number];
        requests[number] = null;
        free[freed++] = number;
        underWay--;
        if (request != null) {
            request.free();
        }
    }

    /** The kernel has not taken an operation, and never will. */
    void refused(int number, IOException why) {
        RingRequest request = requests[number];
        if (request != null && ended == null) {
            release(number);
            request.outcome.failed(why);
        }
    }

    /** What became of the latest that was submitted by a number. */
    void completed(int number, int result) {
        RingRequest request = number < requests.length ? requests[number] : null;
        if (request == null || ended != null) {
            // Its end has been told of.
            return;
        }
        RejectedExecutionException why = cancelled;
        boolean complete = request.completed(result);
        if (why != null && (!complete || result == -ECANCELED)) {
            release(number);
            request.outcome.failed(why);
        } else if (complete) {
            // Its place is free before anybody hears of the end, and asks for more.
            release(number);
            request.tell();
        } else {
            submit(request, number);
        }
    }

    /** Asks the kernel to end what it has, and takes nothing more. What is cancelled fails. The second time it does nothing. */
    public void cancelAll(RejectedExecutionException why) {
        Ring submits = ring;
        if (cancelled != null || submits == null) {
            return;
        }
        cancelled = why;
        try {
            for (RingRequest each : requests) {
                if (each != null) {
                    submits.cancel(each.token);
                }
            }
        } catch (RuntimeException | Error refused) {
            log.warn("Not all operations on files could be cancelled", refused);
        }
    }

    /** The ring has ended: what the kernel has not done by now fails, and keeps its memory. After the shard's end; any thread. */
    public void abandon(RejectedExecutionException why) {
        if (ended != null) {
            return;
        }
        ended = why;
        if (ring != null) {
            ring.abandon();
        }
        // Kept before anybody hears of it: what is told may fail.
        for (RingRequest each : requests) {
            if (each != null) {
                LOST.add(each);
            }
        }
        for (RingRequest each : requests) {
            if (each != null) {
                try {
                    each.outcome.lost(why);
                } catch (RuntimeException | Error failure) {
                    log.error("An operation on {} was not told that its ring has ended", each.file.path(), failure);
                }
            }
        }
        if (underWay > 0) {
            log.warn("{} operations on files were under way in a ring that has ended: their memory is not used again",
                    underWay);
        }
    }

    @Override
    public void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome) {
        if (!Libc.Here.opens(path)) {
            threads.open(path, mode, direct, outcome);
            return;
        }
        threads.run(outcome, () -> {
            // Linux opens them, and fails each read.
            if (Files.isDirectory(path)) {
                throw new FileSystemException(path.toString(), null, "it is a directory");
            }
            int descriptor = Libc.open(path, mode, false);
            int past = direct ? direct(path, mode) : -1;
            if (past >= 0) {
                Libc.close(descriptor, path);
            }
            return new RingFile(this, threads, path, past >= 0 ? past : descriptor, past >= 0);
        });
    }

    @Override
    public void openToSend(Path path, Outcome<Handle> outcome) {
        if (Libc.Here.opens(path)) {
            threads.run(outcome, () -> new RingFile(this, threads, path, Descriptor.openToSend(path)));
        } else {
            threads.openToSend(path, outcome);
        }
    }

    @Override
    public void openTemporary(Path named, Outcome<Handle> outcome) {
        threads.openTemporary(named, outcome, (path, unnamed) -> new RingFile(this, threads, path, unnamed));
    }

    /** The same file past the page cache; -1 where the file system does not do that. */
    private static int direct(Path path, OpenMode mode) {
        try {
            return Libc.open(path, mode == OpenMode.READ ? OpenMode.READ : OpenMode.WRITE, true);
        } catch (IOException refused) {
            return -1;
        }
    }

    @Override
    public void status(Path path, Outcome<FileStatus> outcome) {
        threads.status(path, outcome);
    }

    @Override
    public void list(Path directory, Outcome<List<String>> outcome) {
        threads.list(directory, outcome);
    }

    @Override
    public void createDirectories(Path directory, Outcome<@Nullable Void> outcome) {
        threads.createDirectories(directory, outcome);
    }

    @Override
    public void rename(Path from, Path to, Outcome<@Nullable Void> outcome) {
        threads.rename(from, to, outcome);
    }

    @Override
    public void move(Path from, Path to, Outcome<@Nullable Void> outcome) {
        threads.move(from, to, outcome);
    }

    @Override
    public void delete(Path path, Outcome<@Nullable Void> outcome) {
        threads.delete(path, outcome);
    }

    @Override
    public void syncDirectory(Path directory, Outcome<@Nullable Void> outcome) {
        threads.syncDirectory(directory, outcome);
    }

    @Override
    public void lock(Path path, Outcome<Closeable> outcome) {
        threads.lock(path, outcome);
    }
}
