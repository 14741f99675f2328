package io.solaster.engine.os;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;

import io.solaster.config.Internal;
import io.solaster.config.value.CpuSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps every thread of the process that is no shard off the shards' CPUs: those of the compiler, the application's own,
 * and above all those that were created on a shard's thread, which inherit its one CPU for good.
 *
 * <p>
 * The JVM's threads that work while all others stand still (the workers of a collection's pauses, and the thread that
 * leads them) may use every CPU: the shards have no use for theirs then, and a pause on few CPUs would only be longer. The
 * collector's concurrent threads run beside the shards, and are kept off their CPUs.
 *
 * <p>
 * A thread is placed once, within a second of its birth; where it is put afterwards is its own business. A shard's pin is
 * looked at each second. The process's
 * first thread is left alone: under the {@code java} command it only waits for the JVM to end, and it is the one
 * witness left of what the process may use (see {@link MachineProbe}). All methods may be called by any thread.
 */
@Internal
public final class Housekeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);
    private static final long INTERVAL_MILLIS = 1000;

    /** The shards of all engines, so that one engine's housekeeper leaves the other's alone. Its own lock. */
    private static final Set<Integer> SHARDS = new HashSet<>();

    /** How the kernel names the threads that work only while the shards are stopped, up to a number. */
    private static final List<String> IN_PAUSES = List.of("GC Thread", "VM Thread");
    private static final String TASKS = "/proc/self/task";
    private static final int MOST_TOLD = 12;

    private final CpuSet cpus;
    private final CpuSet all;
    private final String firstThread = String.valueOf(ProcessHandle.current().pid());
    private final Set<Integer> ownShards = new HashSet<>();
    /** By the kernel's number of the thread. Guarded by {@link #SHARDS}, as is what follows. */
    private final Map<Integer, CpuSet> pins = new HashMap<>();
    private boolean warnedOfPins;
    private final AtomicLong moved = new AtomicLong();
    private final AtomicLong pinnedAnew = new AtomicLong();
    private final CountDownLatch closed = new CountDownLatch(1);
    private Set<Integer> seen = Set.of();
    private boolean started;
    private @Nullable Thread thread;

    /**
     * Does nothing before {@link #start}.
     *
     * @param cpus where everything else may run: the housekeeping CPUs, or all the allowed ones where none are set
     *        aside
     * @param all where the collector may run while the shards are stopped
     */
    public Housekeeper(CpuSet cpus, CpuSet all) {
        if (cpus.isEmpty()) {
            throw new IllegalArgumentException("no CPU for the threads that are no shards; "
                    + "give the housekeeping CPUs, or all the allowed ones");
        }
        this.cpus = cpus;
        this.all = all;
    }

    /**
     * Places all threads there are, and from now on each new one. Where the system forbids it, warns once and gives up.
     *
     * @param threads starts one of a name
     * @throws IllegalStateException if started before
     */
    public synchronized void start(BiFunction<String, Runnable, Thread> threads) {
        if (started) {
            throw new IllegalStateException("the housekeeper was started before; each engine makes its own");
        }
        started = true;
        Optional<String> unavailable = CpuAffinity.unavailable();
        if (unavailable.isPresent()) {
            LOG.warn("other threads stay on the shards' CPUs: {}", unavailable.get());
            return;
        }
        // Before the first sweep, which then places this one as well.
        thread = threads.apply("solaster-housekeeper", this::run);
        // Again, since a thread not yet reached may have created one that inherits its place.
        int count = 1;
        for (int round = 0; count > 0 && round < 5; round++) {
            count = sweep();
        }
        if (count < 0) {
            closed.countDown();
        } else if (!cpus.equals(all)) {
            LOG.info("Confined to {} {}, as is each thread yet to come: {}; {} may use {} while the shards are stopped"
                    + " (solaster.engine.housekeeping says which CPUs; with 'none' all share the cores)",
                    cpus.size() == 1 ? "CPU" : "CPUs", cpus, kinds(false), kinds(true), all);
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

    /**
     * From now on looks once a second whether a shard is still where it was pinned, and pins it anew where it is not: the
     * kernel lifts a pin when its CPU goes offline, and whoever rewrites the cpuset does too.
     *
     * @param tid as given to {@link #addShard}
     */
    public void keepPinned(int tid, int cpu) {
        synchronized (SHARDS) {
            pins.put(tid, CpuSet.of(cpu));
        }
    }

    /** Ends {@link #keepPinned}: to be called before the thread goes elsewhere by itself. */
    public void keepPinnedNoMore(int tid) {
        synchronized (SHARDS) {
            pins.remove(tid);
        }
    }

    /** How often a shard was found elsewhere than where it was pinned. */
    public long pinnedAnew() {
        return pinnedAnew.get();
    }

    /** Looks at the pins; warns the first time that one is lost. */
    void checkPins() {
        synchronized (SHARDS) {
            pins.forEach((tid, cpu) -> {
                CpuSet now = CpuAffinity.of(tid);
                if (now.isEmpty() || now.equals(cpu)) {
                    return;
                }
                pinnedAnew.incrementAndGet();
                String end = "and is pinned anew";
                try {
                    CpuAffinity.set(tid, cpu);
                } catch (IllegalStateException e) {
                    end = "and cannot be pinned anew, which is tried again each second: " + e.getMessage();
                }
                if (!warnedOfPins) {
                    warnedOfPins = true;
                    LOG.warn("Thread {} of a shard was pinned to CPU {} and may run on {} now, {}; did the CPU go"
                            + " offline, or was the cpuset rewritten? solaster.shards.pinned.anew counts further ones",
                            tid, cpu, now, end);
                }
            });
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
            pins.clear();
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
                checkPins();
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
            for (String name : KernelFiles.LIVE.names(TASKS)) {
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
        CpuSet wanted = worksInPauses(kind(tid)) ? all : cpus;
        return !now.isEmpty() && !now.equals(wanted) && CpuAffinity.set(tid, wanted);
    }

    private static boolean worksInPauses(String kind) {
        return IN_PAUSES.contains(kind);
    }

    /** The thread's name as the kernel has it, without the number at its end. */
    private static String kind(int tid) {
        return KernelFiles.LIVE.text(TASKS + "/" + tid + "/comm").strip().replaceFirst("[-#_ ]*\\d*$", "");
    }

    /** Which threads were placed, with how many of each; the most frequent first. */
    private synchronized String kinds(boolean inPauses) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int tid : seen) {
            String kind = kind(tid);
            if (!kind.isEmpty() && worksInPauses(kind) == inPauses) {
                counts.merge(kind, 1, Integer::sum);
            }
        }
        List<String> told = counts.entrySet().stream().sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .map(kind -> kind.getValue() == 1 ? kind.getKey() : kind.getValue() + " " + kind.getKey()).toList();
        int more = told.size() - MOST_TOLD;
        return more > 0
                ? String.join(", ", told.subList(0, MOST_TOLD)) + " and " + more + " kinds more"
                : told.isEmpty() ? "none" : String.join(", ", told);
    }
}
