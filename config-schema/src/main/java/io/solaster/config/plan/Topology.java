package io.solaster.config.plan;

import static java.util.Comparator.comparing;
import static java.util.Comparator.comparingInt;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

import io.solaster.config.plan.Machine.NumaNode;
import io.solaster.config.value.CpuSet;

/**
 * A machine as {@link ShardPlanner} looks at it: the cores that have usable CPUs, each with all that makes it a better
 * or worse place. Machines leave things out (CPUs of no core, of no cache, of no NUMA node); here everything has one.
 *
 * @param cores the cores with at least one usable CPU, by lowest CPU
 */
record Topology(List<Core> cores) {

    /** Cores that are this much slower than the fastest of their class begin another one. */
    private static final double SAME_SPEED = 0.85;

    /** Shards next to each other by number are on one core, else one cache, else one NUMA node. */
    static final Comparator<Place> NEIGHBOURS_TOGETHER = comparingInt((Place thread) -> thread.core().node())
            .thenComparingInt(thread -> thread.core().l3()).thenComparingInt(thread -> thread.core().cpus().first())
            .thenComparingInt(Place::cpu);

    /**
     * A core.
     *
     * @param cpus its usable CPUs, at least one
     * @param node its NUMA node; 0 if it has none
     * @param memory whether that node has memory
     * @param l3 the lowest CPU of its last-level cache, as the name of that cache; -1 if it has none
     * @param capacity its speed, 1 to 1024
     * @param speedClass 0 for cores about as fast as the fastest, 1 for the next slower kind, and so on
     * @param isolated whether the kernel keeps all its CPUs free of other work
     */
    record Core(CpuSet cpus, int node, boolean memory, int l3, int capacity, int speedClass, boolean isolated) {}

    /** A hardware thread of a core. */
    record Place(Core core, int cpu) {}

    static Topology of(Machine machine, CpuSet usable) {
        List<Machine.Core> known = new ArrayList<>(machine.cores());
        CpuSet coreless = known.stream().map(Machine.Core::cpus).reduce(usable, CpuSet::minus);
        coreless.stream().forEach(cpu -> known.add(new Machine.Core(0, CpuSet.of(cpu), 1024)));
        known.removeIf(core -> core.cpus().and(usable).isEmpty());
        Map<Integer, Integer> classes = speedClasses(known);
        List<Core> cores = new ArrayList<>();
        for (Machine.Core core : known) {
            CpuSet cpus = core.cpus().and(usable);
            NumaNode node = machine.numaNodes().stream().filter(n -> n.cpus().contains(cpus.first())).findFirst()
                    .orElse(new NumaNode(0, CpuSet.EMPTY, 1));
            int l3 = machine.l3Groups().stream().filter(group -> group.contains(cpus.first())).findFirst()
                    .map(CpuSet::first).orElse(-1);
            cores.add(new Core(cpus, node.id(), node.memory() > 0, l3, core.capacity(),
                    classes.getOrDefault(core.capacity(), 0), machine.isolated().containsAll(cpus)));
        }
        cores.sort(comparingInt(core -> core.cpus().first()));
        return new Topology(List.copyOf(cores));
    }

    /** Classes, not capacities, are compared: chips whose cores differ by a few per cent would be scattered over. */
    private static Map<Integer, Integer> speedClasses(List<Machine.Core> cores) {
        Map<Integer, Integer> classes = new HashMap<>();
        int fastest = 0;
        int next = -1;
        for (int capacity : cores.stream().map(Machine.Core::capacity).distinct().sorted(Comparator.reverseOrder())
                .toList()) {
            if (next < 0 || capacity < fastest * SAME_SPEED) {
                fastest = capacity;
                next++;
            }
            classes.put(capacity, next);
        }
        return classes;
    }

    CpuSet cpus() {
        return cores.stream().map(Core::cpus).reduce(CpuSet.EMPTY, CpuSet::or);
    }

    /** This without some CPUs; a core that loses all is gone. */
    Topology without(CpuSet taken) {
        return new Topology(cores.stream().filter(core -> !taken.containsAll(core.cpus()))
                .map(core -> new Core(core.cpus().minus(taken), core.node(), core.memory(), core.l3(), core.capacity(),
                        core.speedClass(), core.isolated()))
                .toList());
    }

    /** Every hardware thread, the best place for a shard first: first threads of all cores, then second ones. */
    List<Place> inOrderOfPreference() {
        Map<Integer, Integer> coresOfNode = new HashMap<>();
        Map<Integer, Integer> coresOfL3 = new HashMap<>();
        for (Core core : cores) {
            coresOfNode.merge(core.node(), 1, Integer::sum);
            coresOfL3.merge(core.l3(), 1, Integer::sum);
        }
        List<Core> best = new ArrayList<>(cores);
        best.sort(comparing((Core core) -> !core.isolated()).thenComparingInt(Core::speedClass)
                .thenComparing(core -> !core.memory())
                .thenComparing(core -> coresOfNode.getOrDefault(core.node(), 0), Comparator.reverseOrder())
                .thenComparingInt(Core::node)
                .thenComparing(core -> coresOfL3.getOrDefault(core.l3(), 0), Comparator.reverseOrder())
                .thenComparingInt(Core::l3).thenComparing(Core::capacity, Comparator.reverseOrder())
                .thenComparingInt(core -> core.cpus().first()));
        List<Place> threads = new ArrayList<>();
        for (int nth = 0; threads.size() < cpus().size(); nth++) {
            for (Core core : best) {
                int[] cpus = core.cpus().stream().toArray();
                if (nth < cpus.length) {
                    threads.add(new Place(core, cpus[nth]));
                }
            }
        }
        return threads;
    }

    /** The CPUs of as many cores as asked that shards miss least, in turn from each NUMA node where they are equal. */
    CpuSet leastMissed(int howMany) {
        Map<List<?>, List<Core>> equals = new LinkedHashMap<>();
        cores.stream().sorted(LEAST_MISSED).forEach(core -> equals
                .computeIfAbsent(List.of(core.isolated(), core.speedClass()), kind -> new ArrayList<>()).add(core));
        return equals.values().stream().flatMap(kind -> inTurn(kind).stream()).limit(howMany).map(Core::cpus)
                .reduce(CpuSet.EMPTY, CpuSet::or);
    }

    private static List<Core> inTurn(List<Core> cores) {
        TreeMap<Integer, ArrayDeque<Core>> byNode = new TreeMap<>();
        cores.forEach(core -> byNode.computeIfAbsent(core.node(), node -> new ArrayDeque<>()).add(core));
        List<Core> turns = new ArrayList<>();
        while (turns.size() < cores.size()) {
            byNode.values().stream().filter(node -> !node.isEmpty()).forEach(node -> turns.add(node.remove()));
        }
        return turns;
    }

    /** The last thread of the core that can spare one and is missed least. */
    OptionalInt spareThread() {
        return cores.stream().filter(core -> core.cpus().size() > 1).sorted(LEAST_MISSED).findFirst()
                .map(core -> core.cpus().stream().max()).orElse(OptionalInt.empty());
    }

    private static final Comparator<Core> LEAST_MISSED = comparing(Core::isolated)
            .thenComparing(Core::speedClass, Comparator.reverseOrder()).thenComparingInt(core -> core.cpus().first());
}
