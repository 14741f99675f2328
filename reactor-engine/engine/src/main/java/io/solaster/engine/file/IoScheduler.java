package io.solaster.engine.file;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/**
 * Whose operation the disk gets next. Each scheduling group has a queue, and a virtual time that each of its operations moves
 * on by what it costs, divided by the group's shares: the group that is least far comes first, as for the time of the loop. A
 * group that had nothing to do begins where the others are, and has earned nothing. What the disk has at once is bounded, since
 * it serves in an order of its own; and one group leaves a quarter of that to the others, so that whoever comes finds the
 * disk's queue short.
 *
 * <p>
 * Where the disk's limits are known, each read and write takes a part of its time by these, and nothing begins before what has
 * begun is paid for: the disk is never asked for more than it gives, and has no queue of its own in which all are alike. Where
 * there is a goal for the time at the disk, fewer operations are there at once while they take longer, and more again after. On
 * the shard.
 */
final class IoScheduler {
    /** What an operation costs besides its bytes, in bytes: a disk that moves 2 GB a second does 100,000 small ones. */
    private static final long OPERATION_COST = 16 << 10;
    private static final long UNIT_SHARES = 1024;
    /** What the disk may be asked for at once after it had nothing to do, and what a timer may be late. */
    private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** Operations by which the depth is judged, at least. */
    private static final int WINDOW = 16;
    /** One group leaves one of so many parts of the disk to the others. */
    private static final int PARTS = 4;

    private final FileHome home;
    private final FileBounds bounds;
    private final FileMeter meter;
    private final IoLimits limits;
    private final boolean limited;
    private final long mostBytesOfGroup;
    private final Runnable nowPaid = this::nowPaid;
    private int mostOfGroup;
    /** What the disk has at once, at most; no more than the bounds say. */
    private int depth;
    private boolean wasFull;
    private long windowNanos;
    private int window;
    /** When the disk will have done what it was asked for, by its limits. */
    private long paidUntil;
    private boolean waitsForPay;
    private Queue[] queues = new Queue[0];
    private long lastVtime;
    private int waiting;
    private int atDisk;
    private long bytesAtDisk;
    private boolean dispatching;
    private @Nullable RejectedExecutionException stopped;

    /** What one group has accepted. */
    static final class Queue {
        private final int group;
        private final ArrayDeque<Operation<?, ?>> operations = new ArrayDeque<>();
        private long vtime;
        private int accepted;
        private long acceptedBytes;
        private int atDisk;
        private long bytesAtDisk;
        /** For who waits until there is room for one more. */
        private @Nullable CompletableFuture<@Nullable Void> room;

        Queue(int group) {
            this.group = group;
        }
    }

    IoScheduler(FileHome home, FileBounds bounds, FileMeter meter) {
        this.home = home;
        this.bounds = bounds;
        this.meter = meter;
        limits = bounds.limits();
        limited = !limits.areNone();
        paidUntil = home.nanoTime() - BURST_NANOS;
        depth(bounds.depth());
        mostBytesOfGroup = Math.max(1, bounds.depthBytes() - bounds.depthBytes() / PARTS);
    }

    private void depth(int newDepth) {
        depth = newDepth;
        mostOfGroup = Math.max(1, depth - depth / PARTS);
    }

    /** The queue of the group that is running. */
    Queue current() {
        int group = home.group();
        if (group >= queues.length) {
            int before = queues.length;
            queues = Arrays.copyOf(queues, group + 1);
            for (int i = before; i <= group; i++) {
                queues[i] = new Queue(i);
            }
        }
        return queues[group];
    }

    /** Why no operation of so many bytes is taken now; null if one is. */
    @Nullable
    RejectedExecutionException refusal(Queue queue, int bytes) {
        if (stopped != null) {
            return stopped;
        }
        if (hasRoom(queue, bytes)) {
            return null;
        }
        meter.refused();
        return new RejectedExecutionException(queue.accepted + " operations on files with " + queue.acceptedBytes
                + " bytes are under way for this group on this shard, of at most " + bounds.accepted() + " with "
                + bounds.acceptedBytes() + "; wait for ShardFiles.whenRoom()");
    }

    /** Whether one more of a group may be accepted, of so many bytes. */
    boolean hasRoom(Queue queue, int bytes) {
        return stopped == null && queue.accepted < bounds.accepted()
                && (queue.acceptedBytes == 0 || queue.acceptedBytes + bytes <= bounds.acceptedBytes());
    }

    /** Whether one more of a group may be accepted, if it is not too large. */
    boolean hasRoom(Queue queue) {
        return stopped == null && queue.accepted < bounds.accepted() && queue.acceptedBytes < bounds.acceptedBytes();
    }

    /** Completes once there is room, for all who wait at once; fails where there will be none. */
    CompletableFuture<@Nullable Void> whenRoom(Queue queue) {
        if (stopped != null) {
            return CompletableFuture.failedFuture(stopped);
        }
        CompletableFuture<@Nullable Void> shared = queue.room;
        if (shared == null) {
            shared = home.newFuture();
            queue.room = shared;
        }
        // Of one's own, so that nobody ends the others' wait.
        return shared.copy();
    }

    void tellOfRoom(Queue queue) {
        CompletableFuture<@Nullable Void> waits = queue.room;
        if (waits != null && (stopped != null || hasRoom(queue))) {
            queue.room = null;
            if (stopped != null) {
                home.fail(waits, stopped);
            } else {
                home.resolve(waits, null);
            }
        }
    }

    /** Takes an operation, and gives it to the disk if it is its turn. */
    void accept(Queue queue, Operation<?, ?> operation) {
        queue.accepted++;
        queue.acceptedBytes += operation.bytes();
        if (queue.operations.isEmpty() && queue.vtime - lastVtime < 0) {
            queue.vtime = lastVtime;
        }
        queue.operations.add(operation);
        waiting++;
        dispatch();
    }

    /**
     * An operation has ended that the disk had, or that it never got.
     *
     * @param nanosAtDisk how long a read or a write was there; -1 for others
     */
    void ended(Queue queue, int bytes, boolean wasAtDisk, long nanosAtDisk) {
        queue.accepted--;
        queue.acceptedBytes -= bytes;
        if (wasAtDisk) {
            atDisk--;
            bytesAtDisk -= bytes;
            queue.atDisk--;
            queue.bytesAtDisk -= bytes;
            if (nanosAtDisk >= 0 && bounds.latencyGoal() > 0) {
                tune(nanosAtDisk);
            }
            dispatch();
        }
    }

    /** By a quarter down where the mean of some is beyond the goal, and by one up where there was need of more. */
    private void tune(long nanos) {
        windowNanos += nanos;
        if (++window < Math.max(WINDOW, depth)) {
            return;
        }
        if (windowNanos / window > bounds.latencyGoal()) {
            depth(Math.max(1, depth - Math.max(1, depth / PARTS)));
        } else if (wasFull && depth < bounds.depth()) {
            depth(depth + 1);
        }
        wasFull = false;
        windowNanos = 0;
        window = 0;
        meter.depth(depth);
    }

    private void dispatch() {
        if (dispatching) {
            // A disk that answers at once: the loop below goes on.
            return;
        }
        dispatching = true;
        try {
            for (Queue next = next(); next != null; next = next()) {
                Operation<?, ?> operation = next.operations.remove();
                int bytes = operation.bytes();
                waiting--;
                next.vtime += pay(operation) * UNIT_SHARES / Math.max(1, home.shares(next.group));
                atDisk++;
                bytesAtDisk += bytes;
                next.atDisk++;
                next.bytesAtDisk += bytes;
                operation.start();
            }
        } finally {
            dispatching = false;
            meter.level(waiting, atDisk);
        }
    }

    /**
     * What an operation costs its group: time of the disk where its limits are known, else bytes. Never nothing: a group whose
     * time stands still is always the least far, and the others wait for ever.
     */
    private long pay(Operation<?, ?> operation) {
        long cost = limitedCost(operation);
        if (cost == 0) {
            return OPERATION_COST + operation.bytes();
        }
        paidUntil = Math.max(paidUntil, home.nanoTime() - BURST_NANOS) + cost;
        return cost;
    }

    /** What an operation takes of the disk's time by its limits; 0 where they do not speak of it. */
    private long limitedCost(Operation<?, ?> operation) {
        return limited && operation.isTransfer() ? limits.cost(operation.reads(), operation.bytes()) : 0;
    }

    /** Whether the disk has done, by its limits, what it was asked for; if not, it is looked at again when it has. */
    private boolean isPaid() {
        long owed = paidUntil - home.nanoTime();
        if (owed > 0 && !waitsForPay) {
            waitsForPay = true;
            home.later(owed, nowPaid);
        }
        return owed <= 0;
    }

    private void nowPaid() {
        waitsForPay = false;
        dispatch();
    }

    /** Whose turn it is; null if nobody's, or the disk has enough. */
    private @Nullable Queue next() {
        if (waiting == 0) {
            return null;
        }
        Queue least = least(false);
        boolean inTurn = least == null || limitedCost(least.operations.element()) == 0 || isPaid();
        if (!inTurn) {
            // What moves no bytes holds up nobody who waits for the limits.
            least = least(true);
            if (least == null) {
                return null;
            }
        }
        if (atDisk >= depth) {
            wasFull = true;
            return null;
        }
        // Nobody overtakes who waits for room: what is large might wait for ever, and shares would not hold.
        if (least == null || !mayHaveMore(least) || !fits(least, bytesAtDisk, bounds.depthBytes())) {
            wasFull = true;
            return null;
        }
        if (inTurn && least.vtime - lastVtime > 0) {
            lastVtime = least.vtime;
        }
        return least;
    }

    /** Who is least far of those that wait; of all, or of those whose next operation moves no bytes. */
    private @Nullable Queue least(boolean withoutBytes) {
        Queue least = null;
        for (Queue each : queues) {
            Operation<?, ?> first = each.operations.peek();
            if (first != null && !(withoutBytes && first.isTransfer())
                    && (least == null || each.vtime - least.vtime < 0)) {
                least = each;
            }
        }
        return least;
    }

    private boolean mayHaveMore(Queue queue) {
        return queue.atDisk < mostOfGroup && fits(queue, queue.bytesAtDisk, mostBytesOfGroup);
    }

    private static boolean fits(Queue queue, long bytes, long most) {
        return bytes == 0 || bytes + queue.operations.element().bytes() <= most;
    }

    /** Operations that wait or are under way. */
    int accepted() {
        int all = 0;
        for (Queue each : queues) {
            all += each.accepted;
        }
        return all;
    }

    /** Nothing is taken any more; what was accepted goes on. */
    void refuse(RejectedExecutionException why) {
        stopped = why;
        for (Queue each : queues) {
            tellOfRoom(each);
        }
    }

    /** The shard ends: what waits fails, and nothing is taken any more. What the disk has comes home. */
    void stop(RejectedExecutionException why) {
        refuse(why);
        for (Queue each : queues) {
            for (Operation<?, ?> next = each.operations.poll(); next != null; next = each.operations.poll()) {
                waiting--;
                next.failed(why);
            }
        }
        meter.level(waiting, atDisk);
    }
}
