package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.CpuTopology.Cpu;
import io.solaster.operator.kubelet.KubeletConfig.Option;

/**
 * A second, slow opinion on what the kubelet does with one container, written from Kubernetes' documentation of the
 * policies and not from the simulation: it tries every set of NUMA nodes, and looks at every group of CPUs again before
 * it takes another. Without uncore caches, distribution and sockets, which the kubelet's own cases cover.
 */
final class Oracle {
    private final CpuTopology topology;
    private final KubeletConfig config;
    private final Set<Integer> free = new TreeSet<>();

    Oracle(CpuTopology topology, KubeletConfig config, CpuSet taken) {
        this.topology = topology;
        this.config = config;
        topology.cpus().forEach(cpu -> {
            if (!taken.contains(cpu.id()) && !config.reserved().contains(cpu.id())) {
                free.add(cpu.id());
            }
        });
    }

    /** The CPUs, or the reason of the refusal. */
    String admit(int cpus) {
        List<Integer> nodes = topology.cpus().stream().map(Cpu::node).distinct().sorted().toList();
        Set<Integer> from = Set.copyOf(nodes);
        switch (config.topologyManager()) {
            case NONE -> {
            }
            case SINGLE_NUMA_NODE -> {
                from = nodes.stream().filter(node -> free(Set.of(node)) >= cpus).findFirst().map(Set::of).orElse(null);
                if (from != null && fewestNodes(nodes, cpus) > 1) {
                    from = null;
                }
            }
            case RESTRICTED -> from = best(nodes, cpus, fewestNodes(nodes, cpus));
            case BEST_EFFORT -> {
                for (int size = fewestNodes(nodes, cpus); size <= nodes.size(); size++) {
                    from = best(nodes, cpus, size);
                    if (from != null) {
                        break;
                    }
                }
                from = from == null ? Set.copyOf(nodes) : from;
            }
        }
        if (from == null) {
            return "TopologyAffinityError";
        }
        if (config.has(Option.FULL_PCPUS_ONLY)) {
            Set<Integer> reservedCores = topology.cpus().stream().filter(cpu -> config.reserved().contains(cpu.id()))
                    .map(Cpu::core).collect(Collectors.toSet());
            long whole = cpus().stream().filter(cpu -> !reservedCores.contains(cpu.core())).count();
            if (cpus % topology.threadsPerCore() != 0 || cpus > whole) {
                return "SMTAlignmentError";
            }
        }
        if (cpus > free.size()) {
            return "UnexpectedAdmissionError";
        }
        Set<Integer> near = from;
        List<Integer> taken = take(cpus().stream().filter(cpu -> near.contains(cpu.node())).toList(), cpus);
        if (taken.size() < cpus) {
            taken.addAll(take(cpus().stream().filter(cpu -> !taken.contains(cpu.id())).toList(), cpus - taken.size()));
        }
        free.removeAll(taken);
        return CpuSet.of(taken.stream().mapToInt(Integer::intValue).toArray()).toString();
    }

    private List<Cpu> cpus() {
        return topology.cpus().stream().filter(cpu -> free.contains(cpu.id())).toList();
    }

    private long free(Set<Integer> nodes) {
        return cpus().stream().filter(cpu -> nodes.contains(cpu.node())).count();
    }

    /** On how few NUMA nodes an empty machine could hold so many CPUs, reserved ones counted in. */
    private int fewestNodes(List<Integer> nodes, int cpus) {
        List<Long> sizes = nodes.stream()
                .map(node -> topology.cpus().stream().filter(cpu -> cpu.node() == node).count())
                .sorted(Comparator.reverseOrder()).toList();
        long sum = 0;
        for (int i = 0; i < sizes.size(); i++) {
            sum += sizes.get(i);
            if (sum >= cpus) {
                return i + 1;
            }
        }
        return nodes.size();
    }

    /** The set of so many nodes with enough free CPUs and the lowest number as a mask. */
    private Set<Integer> best(List<Integer> nodes, int cpus, int size) {
        for (long mask = 1; mask < 1L << nodes.size(); mask++) {
            Set<Integer> some = new TreeSet<>();
            for (int i = 0; i < nodes.size(); i++) {
                if ((mask >> i & 1) == 1) {
                    some.add(nodes.get(i));
                }
            }
            if (some.size() == size && free(some) >= cpus) {
                return some;
            }
        }
        return null;
    }

    private List<Integer> take(List<Cpu> from, int count) {
        List<Cpu> left = new ArrayList<>(from);
        List<Integer> taken = new ArrayList<>();
        boolean socketsHoldNodes = topology.nodeCount() > topology.socketCount();
        ToIntFunction<Cpu> outer = socketsHoldNodes ? Cpu::socket : Cpu::node;
        ToIntFunction<Cpu> inner = socketsHoldNodes ? Cpu::node : Cpu::socket;
        for (ToIntFunction<Cpu> level : List.of(outer, inner, (ToIntFunction<Cpu>) Cpu::core, Cpu::id)) {
            while (taken.size() < count) {
                List<Cpu> whole = wholeGroup(left, level, outer, inner, count - taken.size());
                if (whole.isEmpty()) {
                    break;
                }
                left.removeAll(whole);
                whole.forEach(cpu -> taken.add(cpu.id()));
            }
        }
        return taken;
    }

    /** Of all groups of a level that are wholly free and not too large, the one where least is free around it. */
    private List<Cpu> wholeGroup(List<Cpu> left, ToIntFunction<Cpu> level, ToIntFunction<Cpu> outer,
            ToIntFunction<Cpu> inner, int most) {
        Comparator<Cpu> fullest = byFree(left, outer).thenComparing(byFree(left, inner))
                .thenComparing(byFree(left, Cpu::core)).thenComparingInt(Cpu::id);
        return left.stream().sorted(fullest).filter(cpu -> {
            long here = left.stream().filter(other -> level.applyAsInt(other) == level.applyAsInt(cpu)).count();
            long inAll = topology.cpus().stream().filter(other -> level.applyAsInt(other) == level.applyAsInt(cpu))
                    .count();
            return here == inAll && inAll <= most;
        }).findFirst().map(cpu -> left.stream().filter(other -> level.applyAsInt(other) == level.applyAsInt(cpu))
                .toList()).orElse(List.of());
    }

    private static Comparator<Cpu> byFree(List<Cpu> left, ToIntFunction<Cpu> level) {
        var counts = left.stream().collect(Collectors.groupingBy(level::applyAsInt, Collectors.counting()));
        return Comparator.comparingLong((Cpu cpu) -> counts.get(level.applyAsInt(cpu))).thenComparingInt(level);
    }
}
