package io.solaster.operator.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.Toleration;
import io.solaster.operator.inventory.NodeAffinity;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.plan.Room.Demand;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes may run a service's pods. Services that select alike share the answer, and what is asked of every node is
 * asked once a plan, not once a service. For one thread.
 */
final class Eligible {
    private final List<Room> rooms;
    private final Map<String, String> wrong;
    private final Map<Selection, Choice> choices = new HashMap<>();
    private final Map<String, List<Room>> running = new HashMap<>();
    private final Set<String> labels = new HashSet<>();

    /** @param wrong the nodes of which nothing can be made, with the reason */
    Eligible(List<Room> rooms, Map<String, String> wrong) {
        this.rooms = rooms;
        this.wrong = wrong;
        for (Room room : rooms) {
            labels.addAll(room.node().labels().keySet());
            room.node().own().keySet()
                    .forEach(service -> running.computeIfAbsent(service, key -> new ArrayList<>()).add(room));
        }
    }

    private record Selection(Map<String, String> selector, List<Toleration> tolerations,
            @Nullable NodeSelector nodes) {}

    /** Nodes of a class. For one thread. */
    static final class Rooms {
        private final List<Room> list;
        private final IdentityHashMap<Room, Integer> places = new IdentityHashMap<>();
        private final Map<Demand, Tally> tallies = new HashMap<>();
        private final long leastMilliCpus;
        private final boolean unoccupied;

        Rooms(List<Room> list) {
            this.list = list;
            long least = Long.MAX_VALUE;
            boolean unknown = false;
            for (Room room : list) {
                places.put(room, places.size());
                least = Math.min(least, room.node().allocatableMilliCpus() - room.node().daemonMilliCpus());
                unknown |= !room.node().occupied();
            }
            leastMilliCpus = least;
            unoccupied = unknown;
        }

        List<Room> list() {
            return list;
        }

        /** The place of a room in the list; -1 if it is not there. */
        int place(Room room) {
            Integer place = places.get(room);
            return place == null ? -1 : place;
        }

        /** Thousandths of CPUs beside DaemonSets' pods, on the node with least to give. */
        long leastMilliCpus() {
            return leastMilliCpus;
        }

        /** Whether it is not known of some what is taken at all. */
        boolean unoccupied() {
            return unoccupied;
        }

        /** How many pods of a kind there is room for now; no service's own are counted in. */
        Tally tally(Demand demand) {
            return tallies.computeIfAbsent(demand, asked -> new Tally(list, asked)).refreshed();
        }
    }

    /**
     * What one selection comes to.
     *
     * @param rooms the nodes that may run pods, by class
     * @param leftOut how many may not, by the reason
     */
    record Choice(Map<TopologyClass, Rooms> rooms, Map<String, Integer> leftOut) {}

    /** All nodes, also those that may run nothing. */
    int size() {
        return rooms.size() + wrong.size();
    }

    /** Whether any node has a label of this name. */
    boolean isMarked(String label) {
        return labels.contains(label);
    }

    /** The nodes that run pods of a service. */
    List<Room> running(String service) {
        return running.getOrDefault(service, List.of());
    }

    Choice of(Wanted wanted) {
        return choices.computeIfAbsent(new Selection(wanted.selector(), wanted.tolerations(), wanted.nodes()),
                this::choose);
    }

    private Choice choose(Selection selection) {
        Map<TopologyClass, List<Room>> byClass = new LinkedHashMap<>();
        TreeMap<String, Integer> leftOut = new TreeMap<>();
        for (Room room : rooms) {
            NodeState node = room.node();
            String why = !node.away().isEmpty()
                    ? node.away()
                    : node.unfit(selection.selector(), selection.tolerations());
            if (why.isEmpty() && selection.nodes() != null && !NodeAffinity.allows(selection.nodes(), node)) {
                why = "not among the nodes of spec.pod.affinity";
            }
            if (why.isEmpty()) {
                byClass.computeIfAbsent(node.topologyClass(), key -> new ArrayList<>()).add(room);
            } else {
                leftOut.merge(why, 1, Integer::sum);
            }
        }
        wrong.values().forEach(why -> leftOut.merge(why, 1, Integer::sum));
        Map<TopologyClass, Rooms> found = new LinkedHashMap<>();
        byClass.forEach((topologyClass, list) -> found.put(topologyClass, new Rooms(list)));
        return new Choice(found, leftOut);
    }
}
