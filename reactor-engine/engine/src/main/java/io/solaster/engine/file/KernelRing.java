package io.solaster.engine.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import org.jspecify.annotations.Nullable;

/**
 * An io_uring of a shard's own, for its files alone, where the transport is epoll: what a turn asks for is handed to the kernel by
 * one call at the turn's end, what the kernel does at once is told of in the next turn without another, and an eventfd in the
 * shard's epoll wakes it for the rest. No operation makes an object. On the shard that made it, but for {@link #abandon}.
 */
@SuppressWarnings("try") // what a channel closes may be interrupted
final class KernelRing implements Ring, EpollIoHandle {
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    /** The ways that a ring can be made, the best first: kernels of 6.1, of 5.19, and before. */
    private static final int[] WAYS = {
            Uring.SETUP_SINGLE_ISSUER | Uring.SETUP_DEFER_TASKRUN | Uring.SETUP_TASKRUN_FLAG,
            Uring.SETUP_COOP_TASKRUN | Uring.SETUP_TASKRUN_FLAG, 0};
    private static final long CANCELLED = -1;
    private static final int EINVAL = 22;
    private static final int EAGAIN = 11;
    private static final int EBUSY = 16;
    private static final byte NOP = 0;

    private final FileRing files;
    private final int descriptor;
    private final FileDescriptor event;
    private final MemorySegment rings;
    private final MemorySegment entries;
    private final MemorySegment errno = Arena.ofAuto().allocate(Libc.ERRNO_STATE);
    private final long sqHead;
    private final long sqTail;
    private final long sqFlags;
    private final int sqMask;
    private final long cqHead;
    private final long cqTail;
    private final int cqMask;
    private final long completions;
    private int tail;
    private int head;
    private boolean closed;
    private @Nullable IoRegistration registration;

    private KernelRing(FileRing files, int descriptor, int eventfd, MemorySegment params) throws IOException {
        this.files = files;
        this.descriptor = descriptor;
        this.event = new FileDescriptor(eventfd);
        int sqEntries = get(params, 0);
        int cqEntries = get(params, 4);
        long array = Integer.toUnsignedLong(get(params, 64));
        completions = Integer.toUnsignedLong(get(params, 100));
        rings = map(Math.max(array + (long) sqEntries * Integer.BYTES,
                completions + (long) cqEntries * Uring.COMPLETION), Uring.OFFSET_RINGS);
        try {
            entries = map((long) sqEntries * Uring.ENTRY, Uring.OFFSET_ENTRIES);
        } catch (IOException refused) {
            Libc.unmap(rings);
            throw refused;
        }
        sqHead = get(params, 40);
        sqTail = get(params, 44);
        sqMask = get(rings, get(params, 48));
        sqFlags = get(params, 56);
        cqHead = get(params, 80);
        cqTail = get(params, 84);
        cqMask = get(rings, get(params, 88));
        for (int i = 0; i < sqEntries; i++) {
            // Each place has the entry of its number, always.
            rings.set(ValueLayout.JAVA_INT, array + (long) i * Integer.BYTES, i);
        }
    }

    private static int get(MemorySegment from, long offset) {
        return from.get(ValueLayout.JAVA_INT, offset);
    }

    private MemorySegment map(long bytes, long offset) throws IOException {
        long address = Libc.map(descriptor, bytes, offset);
        if (address < 0) {
            throw refused("mmap", -address);
        }
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    /**
     * Makes one. On the shard that will use it.
     *
     * @param depth operations under way at once, 1 or more
     * @throws IOException if the kernel refuses, with the reason and what is to be done
     */
    static KernelRing open(FileRing files, int depth) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = arena.allocate(Uring.PARAMS, Long.BYTES);
            long ring = -EINVAL;
            for (int i = 0; i < WAYS.length && ring == -EINVAL; i++) {
                params.fill((byte) 0);
                params.set(ValueLayout.JAVA_INT, 8, WAYS[i] | Uring.SETUP_CLAMP);
                ring = Libc.uringSetup(depth, params);
            }
            if (ring < 0) {
                throw refused("io_uring_setup", -ring);
            }
            int descriptor = (int) ring;
            try {
                return open(files, descriptor, params);
            } catch (IOException | RuntimeException | Error failure) {
                Libc.close(descriptor);
                throw failure;
            }
        }
    }

    private static KernelRing open(FileRing files, int descriptor, MemorySegment params) throws IOException {
        int wanted = Uring.FEATURE_SINGLE_MMAP | Uring.FEATURE_NODROP;
        if ((get(params, 20) & wanted) != wanted || !Uring.knows(descriptor, RingRequest.USED)) {
            throw new IOException("its io_uring lacks what files need, which Linux has from 5.6 on");
        }
        long eventfd = Libc.eventfd();
        if (eventfd < 0) {
            throw refused("eventfd", -eventfd);
        }
        KernelRing made = null;
        try {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment number = arena.allocateFrom(ValueLayout.JAVA_INT, (int) eventfd);
                long result = Libc.uringRegister(descriptor, Uring.REGISTER_EVENTFD, number.address(), 1);
                if (result < 0) {
                    throw refused("io_uring_register", -result);
                }
            }
            made = new KernelRing(files, descriptor, (int) eventfd, params);
            return made;
        } finally {
            if (made == null) {
                Libc.close((int) eventfd);
            }
        }
    }

    private static IOException refused(String call, long error) {
        String fix = switch ((int) error) {
            case 1, 13 -> " (not permitted; the seccomp profile or the sysctl kernel.io_uring_disabled forbids it)";
            case 12 -> " (no memory; raise the limit on locked memory, ulimit -l)";
            case 23, 24 -> " (too many open files; raise ulimit -n)";
            case 38 -> " (this kernel has no io_uring)";
            default -> "";
        };
        return new IOException(call + " failed with error " + error + fix);
    }

    /** Why there can be no such ring here; null if there can. Makes one, and has it do nothing once. Any thread. */
    static @Nullable String refusal() {
        KernelRing tried = null;
        try {
            tried = open(new FileRing(new ChannelDisk((work, otherwise) -> otherwise.run())), 1);
            tried.push(NOP, -1, 0, 0, 0, 0, CANCELLED);
            tried.enter();
            return null;
        } catch (IOException refused) {
            return refused.getMessage();
        } catch (LinkageError | RuntimeException noCalls) {
            return "calls of the C library are not to be had (" + noCalls
                    + "); allow them with --enable-native-access=ALL-UNNAMED";
        } finally {
            if (tried != null) {
                tried.close();
            }
        }
    }

    /** The shard's epoll has the eventfd from here on. */
    void use(IoRegistration newRegistration) {
        registration = newRegistration;
        // On changes only, so that nobody needs to read it.
        newRegistration.submit(EpollIoOps.valueOf(EpollIoOps.EPOLLIN.value() | EpollIoOps.EPOLLET.value()));
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public FileDescriptor fd() {
        return event;
    }

    @Override
    public long submit(byte opcode, int file, long offset, long address, int length, int flags, int number) {
        if (closed || !hasPlace()) {
            return NONE;
        }
        push(opcode, file, offset, address, length, flags, number);
        return number + 1L;
    }

    @Override
    public void cancel(long token) {
        if (!closed && hasPlace()) {
            push(RingRequest.CANCEL, -1, 0, token - 1, 0, 0, CANCELLED);
        }
    }

    /** Where there is none, the kernel takes those that wait, and there is. */
    private boolean hasPlace() {
        if (tail - (int) INT.getAcquire(rings, sqHead) <= sqMask) {
            return true;
        }
        try {
            enter();
        } catch (IOException refused) {
            return false;
        }
        return tail - (int) INT.getAcquire(rings, sqHead) <= sqMask;
    }

    private void push(byte opcode, int file, long offset, long address, int length, int flags, long data) {
        long at = (long) (tail & sqMask) * Uring.ENTRY;
        // What follows these is zero, and stays so.
        entries.set(ValueLayout.JAVA_INT, at, opcode);
        entries.set(ValueLayout.JAVA_INT, at + 4, file);
        entries.set(ValueLayout.JAVA_LONG, at + 8, offset);
        entries.set(ValueLayout.JAVA_LONG, at + 16, address);
        entries.set(ValueLayout.JAVA_INT, at + 24, length);
        entries.set(ValueLayout.JAVA_INT, at + 28, flags);
        entries.set(ValueLayout.JAVA_LONG, at + 32, data);
        tail++;
        INT.setRelease(rings, sqTail, tail);
    }

    @Override
    public boolean flush() {
        if (closed) {
            return false;
        }
        try {
            if (tail != (int) INT.getAcquire(rings, sqHead)
                    || ((int) INT.getOpaque(rings, sqFlags) & Uring.SQ_MUST_ENTER) != 0) {
                enter();
            }
        } catch (IOException refused) {
            takeBack(refused);
        }
        // What the kernel had no memory for is tried again.
        return head != (int) INT.getAcquire(rings, cqTail) || tail != (int) INT.getAcquire(rings, sqHead);
    }

    /** Hands over all that waits, as far as the kernel takes it now. */
    private void enter() throws IOException {
        while (true) {
            int waiting = tail - (int) INT.getAcquire(rings, sqHead);
            long taken = Libc.uringEnter(errno, descriptor, waiting, Uring.ENTER_GETEVENTS);
            if (taken < 0) {
                if (taken == -EAGAIN || taken == -EBUSY) {
                    // Short of memory, or of room for what has ended: the next turn tries again.
                    return;
                }
                throw refused("io_uring_enter", -taken);
            }
            if (taken >= waiting || taken == 0) {
                return;
            }
        }
    }

    /** What the kernel does not take has never begun. */
    private void takeBack(IOException why) {
        int from = (int) INT.getAcquire(rings, sqHead);
        int to = tail;
        // Before anybody is told: who is told may ask for more, in the same places.
        long[] taken = new long[to - from];
        for (int i = from; i != to; i++) {
            taken[i - from] = entries.get(ValueLayout.JAVA_LONG, (long) (i & sqMask) * Uring.ENTRY + 32);
        }
        tail = from;
        INT.setRelease(rings, sqTail, from);
        for (long data : taken) {
            if (data != CANCELLED) {
                files.refused((int) data, why);
            }
        }
    }

    @Override
    public void tell() {
        while (!closed && head != (int) INT.getAcquire(rings, cqTail)) {
            long at = completions + (long) (head & cqMask) * Uring.COMPLETION;
            long data = rings.get(ValueLayout.JAVA_LONG, at);
            int result = rings.get(ValueLayout.JAVA_INT, at + 8);
            // Before anybody is told: who is told may ask for more, or fail.
            head++;
            INT.setRelease(rings, cqHead, head);
            if (data != CANCELLED) {
                files.completed((int) data, result);
            }
        }
    }

    /** The kernel has something to tell. */
    @Override
    public void handle(IoRegistration from, IoEvent ready) {
        if (flush()) {
            tell();
        }
    }

    /** The loop ends, or nobody needs the ring. */
    @Override
    public void close() {
        if (files.underWay() > 0) {
            return;
        }
        if (registration != null && !closed) {
            registration.cancel();
        }
        abandon();
    }

    @Override
    public void abandon() {
        if (closed) {
            return;
        }
        closed = true;
        // The kernel ends by itself what it still has; the memory of the ring is its own.
        Libc.close(descriptor);
        Libc.close(event.intValue());
        Libc.unmap(entries);
        Libc.unmap(rings);
    }
}
