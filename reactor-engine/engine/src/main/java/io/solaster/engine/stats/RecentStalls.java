package io.solaster.engine.stats;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;

import io.solaster.engine.stats.Stall.Phase;

/** The last few stalls of each shard, latest first. The watchdog's thread writes; any thread reads. */
final class RecentStalls implements Consumer<Stall> {
    /** Stacks are long, and what came before these is in the log. */
    static final int KEPT = 8;

    private final InstantSource clock;
    private final ConcurrentMap<Integer, List<RecentStall>> byShard = new ConcurrentHashMap<>();

    RecentStalls(InstantSource clock) {
        this.clock = clock;
    }

    @Override
    public void accept(Stall stall) {
        List<RecentStall> known = of(stall.shard());
        List<RecentStall> next = new ArrayList<>(KEPT);
        if (stall.phase() == Phase.BEGUN || known.isEmpty()) {
            next.add(new RecentStall(clock.instant(), stall.group(), stall.nanos(), stall.stack(),
                    stall.phase() == Phase.ENDED));
            next.addAll(known.subList(0, Math.min(known.size(), KEPT - 1)));
        } else {
            RecentStall begun = known.getFirst();
            next.add(new RecentStall(begun.at(), begun.group(), stall.nanos(),
                    stall.stack() == null ? begun.stack() : stall.stack(), stall.phase() == Phase.ENDED));
            next.addAll(known.subList(1, known.size()));
        }
        byShard.put(stall.shard(), List.copyOf(next));
    }

    List<RecentStall> of(int shard) {
        return byShard.getOrDefault(shard, List.of());
    }
}
