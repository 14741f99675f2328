package io.solaster.operator.plan;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Gives replicas to classes. Those that run stay where they are as far as they fit there; others, and new ones, go where
 * the service runs already, then to the class with most room. What moves, and why, stands in the plan.
 */
final class Assignment {
    private Assignment() {}

    /**
     * Sets the replicas of each class.
     *
     * @param found the classes, those where most replicas run first, then those with most room
     * @param runs how many replicas run, by class
     * @param reasons what moves is added to them
     * @return how many replicas were asked for
     */
    static int assign(List<Found> found, Wanted wanted, Map<String, Integer> runs, List<String> reasons) {
        if (Planner.endless(wanted)) {
            int all = 0;
            for (Found there : found) {
                there.replicas = Math.max(0,
                        (there.certain() > 0 ? there.certain() : there.possible()) - wanted.surge());
                all += there.replicas;
            }
            return all;
        }
        Map<String, Integer> due = due(found, wanted, runs);
        int left = wanted.replicas();
        for (Found there : found) {
            int stay = Math.min(due.getOrDefault(there.topologyClass.name(), 0), room(there.possible(), wanted));
            there.replicas = stay;
            left -= stay;
        }
        for (boolean certain : new boolean[]{true, false}) {
            for (Found there : found) {
                int room = room(certain ? there.certain() : there.possible(), wanted) - there.replicas;
                int more = Math.max(0, Math.min(left, room));
                there.replicas += more;
                left -= more;
            }
        }
        if (left > 0 && !found.isEmpty()) {
            // What cannot be is planned where most of it can, so that the plan shows by how much it falls short.
            Found first = found.stream().filter(there -> there.demand.cpus() > 0).findFirst().orElse(found.getFirst());
            first.replicas += left;
        }
        tell(found, wanted, due, reasons);
        return wanted.replicas();
    }

    private static int room(int pods, Wanted wanted) {
        return Math.max(0, pods - wanted.surge());
    }

    /** The replicas that run and are still wanted: with fewer of them, those go first that run where fewest do. */
    private static Map<String, Integer> due(List<Found> found, Wanted wanted, Map<String, Integer> runs) {
        Map<String, Integer> due = new LinkedHashMap<>();
        int left = wanted.replicas();
        List<String> classes = new ArrayList<>(found.stream().map(there -> there.topologyClass.name()).toList());
        new TreeMap<>(runs).keySet().stream().filter(name -> !classes.contains(name)).forEach(classes::add);
        for (String name : classes) {
            int here = Math.min(left, runs.getOrDefault(name, 0));
            due.put(name, here);
            left -= here;
        }
        return due;
    }

    private static void tell(List<Found> found, Wanted wanted, Map<String, Integer> due, List<String> reasons) {
        String to = found.stream().filter(there -> there.replicas > due.getOrDefault(there.topologyClass.name(), 0))
                .map(there -> there.topologyClass.name()).sorted().collect(Collectors.joining(", "));
        due.forEach((name, running) -> {
            Found there = found.stream().filter(each -> each.topologyClass.name().equals(name)).findFirst()
                    .orElse(null);
            int moves = running - (there == null ? 0 : there.replicas);
            if (moves > 0 && !to.isEmpty()) {
                reasons.add("Moves " + Words.count(moves, "replica") + " of " + running + " from class " + name + " to "
                        + to + ": " + (there == null
                                ? "no node of it may run them"
                                : "there is room for " + there.possible()
                                        + (wanted.surge() > 0 ? ", a surge of " + wanted.surge() + " counted in" : ""))
                        + ".");
            }
        });
    }
}
