package io.solaster.engine.memory;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's part in the {@link MemoryBudget} of its engine. Who takes memory makes an {@link #account}; who can give some
 * back, or take less, is told of levels ({@link #onLevel}). On the owning shard, unless a method says otherwise.
 */
public final class ShardBudget {
    private static final Logger log = LoggerFactory.getLogger(ShardBudget.class);

    private final MemoryHome home;
    private final MemoryBudget budget;
    private final Lent outside = new Lent(false);
    private final Lent inBuffers = new Lent(true);
    private final List<Listener> listeners = new ArrayList<>();
    private final AtomicBoolean underWay = new AtomicBoolean();
    private volatile Map<String, MemoryAccount> accounts = Map.of();
    private MemoryLevel told = MemoryLevel.OK;

    ShardBudget(MemoryHome home, MemoryBudget budget) {
        this.home = home;
        this.budget = budget;
        budget.join(this);
    }

    /**
     * The account of a kind of memory on this shard: the same one for the same name.
     *
     * @param name of the kind, for meters: 'store', say
     */
    public MemoryAccount account(String name) {
        return account(name, outside);
    }

    /** As {@link #account}, for memory in Netty's buffers, which count anyway. */
    public MemoryAccount bufferAccount(String name) {
        return account(name, inBuffers);
    }

    private MemoryAccount account(String name, Lent lent) {
        home.assertOwner("the memory budget");
        MemoryAccount known = accounts.get(name);
        if (known == null) {
            known = new MemoryAccount(name, lent);
            Map<String, MemoryAccount> more = new LinkedHashMap<>(accounts);
            more.put(name, known);
            accounts = Map.copyOf(more);
        }
        return known;
    }

    /** The accounts that were made, by name. Any thread. */
    public Map<String, MemoryAccount> accounts() {
        return accounts;
    }

    /** The budget of all shards. Any thread. */
    public MemoryBudget all() {
        return budget;
    }

    /**
     * Has a listener told of each change of the level from now on, and at once where it is not {@link MemoryLevel#OK} now.
     * It is called on this shard, in a turn of its own, so that nothing is half done then; of levels that follow each other
     * fast, some are left out, the last is not. What it throws is logged.
     *
     * @return ends that, when it is run, on this shard
     */
    public Runnable onLevel(Consumer<MemoryLevel> listener) {
        home.assertOwner("the memory budget");
        Listener own = new Listener(listener);
        listeners.add(own);
        budget.look();
        MemoryLevel now = budget.level();
        if (now != MemoryLevel.OK) {
            home.later(() -> {
                if (listeners.contains(own)) {
                    tell(own, budget.level());
                }
            });
        }
        return () -> {
            home.assertOwner("the memory budget");
            listeners.remove(own);
        };
    }

    /** Any thread: what was not told yet is not told twice. */
    void levelChanged() {
        if (!underWay.getAndSet(true)) {
            home.later(this::tellAll);
        }
    }

    private void tellAll() {
        underWay.set(false);
        MemoryLevel now = budget.level();
        if (now != told) {
            told = now;
            // One may end another, or itself.
            for (Listener each : List.copyOf(listeners)) {
                if (listeners.contains(each)) {
                    tell(each, now);
                }
            }
        }
    }

    private static void tell(Listener listener, MemoryLevel level) {
        try {
            listener.told.accept(level);
        } catch (Throwable failure) {
            log.warn("A listener to the level of memory failed at {}; the others are told", level, failure);
        }
    }

    /** An object for each, so that one that is given twice is told twice, and ended one by one. */
    private static final class Listener {
        private final Consumer<MemoryLevel> told;

        Listener(Consumer<MemoryLevel> told) {
            this.told = told;
        }
    }

    /** What this shard has borrowed, of which a part is in use. */
    final class Lent {
        private final boolean inNettysBuffers;
        private long borrowed;
        private long used;

        private Lent(boolean inNettysBuffers) {
            this.inNettysBuffers = inNettysBuffers;
        }

        void assertOwner(String what) {
            home.assertOwner(what);
        }

        boolean take(long bytes) {
            long more = bytes - (borrowed - used);
            if (more > 0) {
                long slices = Math.ceilDiv(more, budget.slice()) * budget.slice();
                if (budget.lend(slices, inNettysBuffers)) {
                    borrowed += slices;
                } else if (budget.lend(more, inNettysBuffers)) {
                    borrowed += more;
                } else {
                    return false;
                }
            }
            used += bytes;
            return true;
        }

        void add(long bytes) {
            long more = bytes - (borrowed - used);
            if (more > 0) {
                long slices = Math.ceilDiv(more, budget.slice()) * budget.slice();
                budget.lendAnyway(slices, inNettysBuffers);
                borrowed += slices;
            }
            used += bytes;
        }

        void give(long bytes) {
            used -= bytes;
            long idle = borrowed - used;
            if (idle > 2 * budget.slice()) {
                // One slice stays, so that a little more and a little less does not meet the other shards.
                borrowed -= idle - budget.slice();
                budget.returned(idle - budget.slice(), inNettysBuffers);
            }
        }
    }
}
