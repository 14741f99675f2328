package io.solaster.load.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/** A run that goes on: begun, collected and ended from threads that are no shards. */
public final class Running {
    private static final long LOOK_MILLIS = 20;
    /** Until every shard has heard of the start. */
    private static final long HEAD_START_NANOS = 20_000_000;
    /** What is under way when a run is stopped early has so long to be answered. */
    private static final long GRACE_NANOS = 300_000_000;

    private final RunPlan plan;
    private final List<ShardRun> shards;
    private final NavigableMap<Integer, Interval> open = new TreeMap<>();
    private final int[] told;
    private long cpuBefore;
    private final long origin;
    private final CompletableFuture<Void> done;
    private volatile long stoppedAt;
    private volatile boolean isStopped;

    private Running(RunPlan plan, List<ShardRun> shards, long origin) {
        this.plan = plan;
        this.shards = shards;
        this.origin = origin;
        this.told = new int[shards.size()];
        this.cpuBefore = cpu();
        this.done = CompletableFuture.allOf(shards.stream().map(each -> each.done).toArray(CompletableFuture[]::new));
    }

    /**
     * Connects and begins.
     *
     * @throws IOException if there is no connection at all, saying why
     */
    public static Running start(Engine engine, RunPlan plan) throws IOException, InterruptedException {
        Place place = Place.of(plan.target());
        List<byte[]> recorded = plan.recorded();
        List<ShardRun> runs = new ArrayList<>();
        try {
            for (Shard shard : engine.shards()) {
                runs.add(get(engine.submitTo(shard.id(), () -> new ShardRun(engine, shard, plan, place, recorded))));
            }
            for (ShardRun run : runs) {
                run.shard.execute(run::prepare);
            }
            long patience = 3 * plan.timeout().toMillis() + 5000;
            CompletableFuture.allOf(runs.stream().map(each -> each.prepared).toArray(CompletableFuture[]::new))
                    .get(patience, TimeUnit.MILLISECONDS);
            int lines = 0;
            Throwable failure = null;
            for (ShardRun run : runs) {
                lines += get(engine.submitTo(run.shard.id(), run::opened));
                failure = failure == null ? run.connectFailure() : failure;
            }
            if (lines == 0) {
                throw new IOException("no connection to " + (plan.target() == null ? "call" : plan.target().url())
                        + (failure == null ? "" : ": " + failure.getMessage()) + "; does the server listen there?",
                        failure);
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            end(runs);
            throw e;
        } catch (TimeoutException | ExecutionException e) {
            end(runs);
            throw new IOException("connecting has failed: " + e, e);
        }
        long origin = System.nanoTime() + HEAD_START_NANOS;
        Running running = new Running(plan, runs, origin);
        for (ShardRun run : runs) {
            run.shard.execute(() -> run.begin(origin));
        }
        return running;
    }

    private static <T> T get(CompletableFuture<T> future) throws InterruptedException, ExecutionException {
        return future.get();
    }

    private static void end(List<ShardRun> runs) {
        runs.forEach(run -> run.shard.execute(run::close));
    }

    /** When recording begins, by {@link System#nanoTime}. */
    public long recordFrom() {
        return origin + plan.warmUp().toNanos();
    }

    /** Ends early: what is under way has 300 ms. Any thread. */
    public void stop() {
        stoppedAt = System.nanoTime();
        isStopped = true;
        for (ShardRun run : shards) {
            run.shard.execute(run::stop);
        }
    }

    /** Whether {@link #stop} was called. Any thread. */
    public boolean isStopped() {
        return isStopped;
    }

    /**
     * Waits for the end.
     *
     * @param each is given what all shards have counted within an interval, in order; it must not keep it
     */
    public void collect(Consumer<Interval> each) throws InterruptedException {
        boolean isOver = false;
        boolean isRecording = false;
        while (!isOver) {
            isOver = await();
            if (!isRecording && System.nanoTime() - recordFrom() > 0) {
                isRecording = true;
                cpuBefore = cpu();
            }
            if (!isOver && isStopped && System.nanoTime() - stoppedAt > GRACE_NANOS) {
                end(shards);
            }
            int complete = Integer.MAX_VALUE;
            for (int i = 0; i < shards.size(); i++) {
                drain(i);
                complete = Math.min(complete, told[i]);
            }
            int upTo = isOver ? Integer.MAX_VALUE : complete;
            while (!open.isEmpty() && open.firstKey() < upTo) {
                each.accept(open.pollFirstEntry().getValue());
            }
        }
    }

    private boolean await() throws InterruptedException {
        try {
            done.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("a shard's run has failed", e);
        }
    }

    private void drain(int i) {
        ShardRun run = shards.get(i);
        for (Interval next = run.over.poll(); next != null; next = run.over.poll()) {
            open.computeIfAbsent(next.index, index -> {
                Interval sum = new Interval();
                sum.index = index;
                return sum;
            }).add(next);
            told[i] = next.index + 1;
            next.clear();
            run.spares.add(next);
        }
    }

    /** CPU time that the shards have used since recording began, in nanoseconds. On the thread that has collected. */
    public long cpuNanos() {
        return cpu() - cpuBefore;
    }

    private long cpu() {
        return shards.stream().mapToLong(each -> each.shard.cpuNanos()).sum();
    }
}
