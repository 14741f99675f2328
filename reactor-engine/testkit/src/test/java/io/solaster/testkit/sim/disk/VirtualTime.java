package io.solaster.testkit.sim.disk;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.solaster.engine.file.Disk;
import io.solaster.engine.file.FileBounds;
import io.solaster.engine.file.FileHome;
import io.solaster.engine.file.ShardFiles;
import io.solaster.engine.stats.FileStats;
import org.jspecify.annotations.Nullable;

/** Time that jumps to what is due next, and a home in which all happens at once. One thread. */
final class VirtualTime implements Delays, FileHome {
    private final PriorityQueue<Due> due = new PriorityQueue<>(
            Comparator.comparingLong(Due::at).thenComparingLong(Due::number));
    private long now;
    private long number;
    private int group;
    private int[] shares = {100};

    private record Due(long at, long number, Runnable task) {}

    /** Files of a shard that there is not. */
    static ShardFiles files(VirtualTime home, Disk disk, int most) {
        return new ShardFiles(home, disk, new FileBounds(most, 1 << 24, most, 1 << 24), new FileStats());
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public void after(long nanos, Runnable task) {
        due.add(new Due(now + nanos, number++, task));
    }

    /** Does what is due next; false if there is nothing. */
    boolean step() {
        Due next = due.poll();
        if (next == null) {
            return false;
        }
        now = next.at;
        next.task.run();
        return true;
    }

    <T extends @Nullable Object> T await(CompletableFuture<T> future) throws Exception {
        while (!future.isDone() && step()) {
            // On to the next.
        }
        if (!future.isDone()) {
            throw new IllegalStateException("nothing is due, and " + future + " is not done");
        }
        try {
            return future.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof Exception cause ? cause : failed;
        }
    }

    @Override
    public void later(long nanos, Runnable task) {
        after(nanos, task);
    }

    @Override
    public void assertOwner(String what) {
        // There is one thread.
    }

    /** Which group runs from now on, and what shares each has. */
    void run(int newGroup, int... newShares) {
        group = newGroup;
        shares = newShares;
    }

    @Override
    public int group() {
        return group;
    }

    @Override
    public int shares(int ofGroup) {
        return shares[ofGroup];
    }

    @Override
    public <T extends @Nullable Object> CompletableFuture<T> newFuture() {
        return new CompletableFuture<>();
    }

    @Override
    public <T extends @Nullable Object> void resolve(CompletableFuture<T> future, T result) {
        future.complete(result);
    }

    @Override
    public void fail(CompletableFuture<?> future, Throwable failure) {
        future.completeExceptionally(failure);
    }

    @Override
    public void comeHome(Runnable task) {
        task.run();
    }
}
