package io.solaster.engine.os;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.config.CpuSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps every thread of the process that is no shard off the shards' CPUs: those of the collector and the compiler,
 * and above all those that were created on a shard's thread, which inherit its one CPU for good.
 *
 * <p>
 * A thread is placed once, within a second of its birth; where it is put afterwards is its own business. The process's
 * first thread is left alone: under the {@code java} command it only waits for the JVM to end, and it is the one
 * witness left of what the process may use (see {@link MachineProbe}). All methods may be called by any thread.
 */
public final class Housekeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);
    private static final long INTERVAL_MILLIS = 1000;

    /** The shards of all engines, so that one engine's housekeeper leaves the other's alone. Its own lock. */
    private static final Set<Integer> SHARDS = new HashSet<>();

    private final CpuSet cpus;
    private final String firstThread = String.valueOf(ProcessHandle.current().pid());
    private final Set<Integer> ownShards = new HashSet<>();
    private final AtomicLong moved = new AtomicLong();
    private final CountDownLatch closed = new CountDownLatch(1);
    private Set<Integer> seen = Set.of();
    private @Nullable Thread thread;

    /**
     * Does nothing before {@link #start()}.
     *
     * @param cpus where everything else may run: the housekeeping CPUs, or all the allowed ones where none are set
     *        aside
     */
    public Housekeeper(CpuSet cpus) {
        if (cpus.isEmpty()) {
            throw new IllegalArgumentException("no CPU for the threads that are no shards; "
                    + "give the housekeeping CPUs, or all the allowed ones");
        }
        this.cpus = cpus;
    }

    /**
     * Places all threads there are, and from now on each new one. Where the system forbids it, warns once and gives up.
     *
     * @throws IllegalStateException if started before
     */
    public synchronized void start() {
        if (thread != null) {
            throw new IllegalStateException("the housekeeper was started before; each engine makes its own");
        }
        Thread sweeper = new Thread(this::run, "solaster-housekeeper");
        sweeper.setDaemon(true);
        thread = sweeper;
        Optional<String> unavailable = CpuAffinity.unavailable();
        if (unavailable.isPresent()) {
            LOG.warn("other threads stay on the shards' CPUs: {}", unavailable.get());
            return;
        }
        // Before the first sweep, which then places this one as well.
        sweeper.start();
        // Again, since a thread not yet reached may have created one that inherits its place.
        int count = 1;
        for (int round = 0; count > 0 && round < 5; round++) {
            count = sweep();
        }
        if (count < 0) {
            closed.countDown();
        }
    }

    /**
     * Takes a thread for a shard's, to be left where it is. To be called before that thread pins itself, or a sweep
     * under way may unpin it.
     *
     * @param tid the kernel's number of the thread, see {@link CpuAffinity#threadId()}
     */
    public void addShard(int tid) {
        synchronized (SHARDS) {
            SHARDS.add(tid);
            ownShards.add(tid);
        }
    }

    /** Ends {@link #addShard}: the thread has ended, or is one like any other again and is placed like those. */
    public void removeShard(int tid) {
        synchronized (SHARDS) {
            if (ownShards.remove(tid)) {
                SHARDS.remove(tid);
            }
        }
    }

    /** How many threads had to be moved so far. */
    public long moved() {
        return moved.get();
    }

    /**
     * Places no thread any more, and forgets this engine's shards; threads stay where they are. Waits for a sweep under
     * way, at most a second.
     */
    @Override
    public void close() {
        closed.countDown();
        synchronized (SHARDS) {
            SHARDS.removeAll(ownShards);
            ownShards.clear();
        }
        Thread sweeper;
        synchronized (this) {
            sweeper = thread;
        }
        if (sweeper != null) {
            try {
                sweeper.join(INTERVAL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        try {
            do {
                if (closed.await(INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
                    return;
                }
            } while (sweep() >= 0);
        } catch (InterruptedException e) {
            LOG.debug("interrupted; new threads are no longer kept off the shards' CPUs");
        }
    }

    /** Places the threads not seen before; returns how many were moved, or -1 where the system forbids it. */
    synchronized int sweep() {
        Set<Integer> placed = new HashSet<>();
        int count = 0;
        try {
            for (String name : KernelFiles.LIVE.names("/proc/self/task")) {
                int tid = name.equals(firstThread) ? -1 : (int) KernelFiles.toLong(name, -1);
                // Under the lock, so that a thread that becomes a shard right now pins itself after this.
                synchronized (SHARDS) {
                    if (tid < 0 || closed.getCount() == 0 || SHARDS.contains(tid)) {
                        continue;
                    }
                    if (!seen.contains(tid) && place(tid)) {
                        count++;
                    }
                }
                placed.add(tid);
            }
        } catch (IllegalStateException e) {
            LOG.warn("other threads stay on the shards' CPUs: {}", e.getMessage());
            return -1;
        } finally {
            seen = placed;
            moved.addAndGet(count);
        }
        if (count > 0) {
            LOG.debug("moved {} threads to CPUs {}", count, cpus);
        }
        return count;
    }

    private boolean place(int tid) {
        CpuSet now = CpuAffinity.of(tid);
        return !now.isEmpty() && !now.equals(cpus) && CpuAffinity.set(tid, cpus);
    }
}
