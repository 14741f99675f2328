package io.solaster.operator.plan;

import java.util.Arrays;
import java.util.List;

import io.solaster.operator.plan.Room.Count;
import io.solaster.operator.plan.Room.Demand;

/**
 * How many pods of one kind fit on each node of a class, and on all of them. Services that ask for the same share it: it is
 * reckoned anew for those nodes alone that plans have taken from since. Where a service's own pods run, it has a
 * {@link #copy} of its own. For one thread.
 */
final class Tally {
    private static final Count NOTHING = new Count(0, 0, 0);

    private final List<Room> rooms;
    private final Demand demand;
    private final Count[] counts;
    private final int[] frees;
    /** How many pods were planned on each node when it was reckoned; -1 before that. */
    private final int[] seen;
    /** How many nodes have room for so many pods. */
    private int[] nodesByPods;
    private int[] nodesByCertain;
    private int certain;
    private int possible;
    private int counted;
    private int free;
    private int planned;
    private boolean hidden;

    Tally(List<Room> rooms, Demand demand) {
        this.rooms = rooms;
        this.demand = demand;
        counts = new Count[rooms.size()];
        Arrays.fill(counts, NOTHING);
        frees = new int[rooms.size()];
        seen = new int[rooms.size()];
        Arrays.fill(seen, -1);
        nodesByPods = new int[8];
        nodesByPods[0] = rooms.size();
        nodesByCertain = nodesByPods.clone();
    }

    private Tally(Tally of) {
        rooms = of.rooms;
        demand = of.demand;
        counts = of.counts.clone();
        frees = of.frees.clone();
        seen = of.seen.clone();
        nodesByPods = of.nodesByPods.clone();
        nodesByCertain = of.nodesByCertain.clone();
        certain = of.certain;
        possible = of.possible;
        counted = of.counted;
        free = of.free;
        planned = of.planned;
        hidden = of.hidden;
    }

    /** Takes in what was planned since. */
    Tally refreshed() {
        for (int i = 0; i < seen.length; i++) {
            Room room = rooms.get(i);
            if (room.planned() != seen[i]) {
                planned += room.planned() - Math.max(0, seen[i]);
                seen[i] = room.planned();
                hidden |= room.hidden() > 0 && room.cpus().length > 1;
                set(i, room.count(demand, null), room.free(null));
            }
        }
        return this;
    }

    Tally copy() {
        return new Tally(this);
    }

    /** Says what the room of a node is, and how many CPUs are free on it. */
    void set(int node, Count count, int cpus) {
        Count before = counts[node];
        counts[node] = count;
        certain += count.certain() - before.certain();
        possible += count.possible() - before.possible();
        counted += count.counted() - before.counted();
        nodesByPods[before.possible()]--;
        nodesByCertain[before.certain()]--;
        int most = Math.max(count.possible(), count.certain());
        if (most >= nodesByPods.length) {
            nodesByPods = Arrays.copyOf(nodesByPods, 2 * most);
            nodesByCertain = Arrays.copyOf(nodesByCertain, 2 * most);
        }
        nodesByPods[count.possible()]++;
        nodesByCertain[count.certain()]++;
        free += cpus - frees[node];
        frees[node] = cpus;
    }

    /** At least so many pods fit in all. */
    int certain() {
        return certain;
    }

    /** At most so many pods fit in all. */
    int possible() {
        return possible;
    }

    /** At most so many pods fit on a node. */
    int possible(int node) {
        return counts[node].possible();
    }

    /** So many pods fit by what the scheduler counts. */
    int counted() {
        return counted;
    }

    /** CPUs that pods could have for themselves. */
    int free() {
        return free;
    }

    /** Pods of services planned before. */
    int planned() {
        return planned;
    }

    /** Whether it cannot be told of all nodes on which NUMA nodes CPUs are taken. */
    boolean hidden() {
        return hidden;
    }

    /** How many nodes have room for so many pods at most, from none on. */
    int[] nodesByPods() {
        return nodesByPods;
    }

    /** What the node has with most pods that certainly fit. */
    int mostCertain() {
        return most(nodesByCertain);
    }

    /** What the node has with most pods that may fit. */
    int mostPossible() {
        return most(nodesByPods);
    }

    private static int most(int[] nodes) {
        int most = nodes.length - 1;
        while (most > 0 && nodes[most] == 0) {
            most--;
        }
        return most;
    }
}
