package io.solaster.engine.file;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import org.jspecify.annotations.Nullable;

/**
 * Whose operation the disk gets next. Each scheduling group has a queue, and a virtual time that each of its operations moves
 * on by what it costs, divided by the group's shares: the group that is least far comes first, as for the time of the loop. A
 * group that had nothing to do begins where the others are, and has earned nothing. What the disk has at once is bounded, since
 * it serves in an order of its own; and one group leaves a quarter of that to the others, so that whoever comes finds the
 * disk's queue short. On the shard.
 */
final class IoScheduler {
    /** What an operation costs besides its bytes, in bytes: a disk that moves 2 GB a second does 100,000 small ones. */
    private static final long OPERATION_COST = 16 << 10;
    private static final long UNIT_SHARES = 1024;
    /** One group leaves one of so many parts of the disk to the others. */
    private static final int PARTS = 4;

    private final FileHome home;
    private final FileBounds bounds;
    private final FileMeter meter;
    private final int mostOfGroup;
    private final long mostBytesOfGroup;
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
        mostOfGroup = Math.max(1, bounds.depth() - bounds.depth() / PARTS);
        mostBytesOfGroup = Math.max(1, bounds.depthBytes() - bounds.depthBytes() / PARTS);
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

    /** An operation has ended that the disk had, or that it never got. */
    void ended(Queue queue, int bytes, boolean wasAtDisk) {
        queue.accepted--;
        queue.acceptedBytes -= bytes;
        if (wasAtDisk) {
            atDisk--;
            bytesAtDisk -= bytes;
            queue.atDisk--;
            queue.bytesAtDisk -= bytes;
            dispatch();
        }
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
                if (next.vtime - lastVtime > 0) {
                    lastVtime = next.vtime;
                }
                next.vtime += (OPERATION_COST + bytes) * UNIT_SHARES / Math.max(1, home.shares(next.group));
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

    /** Whose turn it is; null if nobody's, or the disk has enough. */
    private @Nullable Queue next() {
        if (waiting == 0 || atDisk >= bounds.depth()) {
            return null;
        }
        Queue least = null;
        for (Queue each : queues) {
            if (!each.operations.isEmpty() && (least == null || each.vtime - least.vtime < 0)) {
                least = each;
            }
        }
        // Nobody overtakes who waits for room: what is large might wait for ever, and shares would not hold.
        return least != null && mayHaveMore(least) && fits(least, bytesAtDisk, bounds.depthBytes()) ? least : null;
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
