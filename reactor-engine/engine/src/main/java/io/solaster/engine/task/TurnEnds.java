package io.solaster.engine.task;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import io.solaster.config.Internal;
import io.solaster.engine.stats.ShardStats;

/** All that runs at the end of one shard's turns: see {@link TurnEnd}. On the shard's thread. */
@Internal
public final class TurnEnds {
    /** Few enough that a turn does not consist of its end. */
    public static final int MOST = 64;

    private final GroupScheduler scheduler;
    private final ShardStats stats;
    private final int shard;
    private final List<TurnEnd> added = new ArrayList<>();
    /** Those that are asked for, in order, each once. */
    private final ArrayDeque<TurnEnd> asked = new ArrayDeque<>();

    /** @param shard its number */
    public TurnEnds(GroupScheduler scheduler, ShardStats stats, int shard) {
        this.scheduler = scheduler;
        this.stats = stats;
        this.shard = shard;
    }

    /**
     * Adds work.
     *
     * @param ownerCheck refuses a call of another thread
     * @throws IllegalStateException if there are as many as may be
     */
    public TurnEnd add(String name, SchedulingGroup group, Runnable work, Consumer<String> ownerCheck) {
        if (added.size() == MOST) {
            throw new IllegalStateException(
                    "'" + name + "' is one too many at the end of the turns of shard " + shard + ", which has "
                            + added.stream().map(each -> "'" + each.name() + "'").collect(Collectors.joining(", "))
                            + " there; gather in one of those, or close some");
        }
        TurnEnd made = new TurnEnd(this, name, group, work, ownerCheck);
        added.add(made);
        return made;
    }

    void remove(TurnEnd one) {
        added.remove(one);
        asked.remove(one);
    }

    void asked(TurnEnd one) {
        asked.add(one);
    }

    /** Whether any is asked for. */
    public boolean isAsked() {
        return !asked.isEmpty();
    }

    /** Runs those that are asked for now, within the task quota. */
    public void run() {
        long left = scheduler.quotaNanos();
        for (int i = asked.size(); i > 0 && left > 0; i--) {
            TurnEnd next = asked.poll();
            if (next == null) {
                // One that ran has removed others.
                return;
            }
            long took = next.run(scheduler, shard);
            left -= took;
            if (took > scheduler.quotaNanos()) {
                stats.turnEndOverruns.increment();
            }
        }
    }
}
