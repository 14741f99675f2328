package io.solaster.operator.kubelet;

import static io.solaster.operator.kubelet.CpuTopology.Level.CACHE;
import static io.solaster.operator.kubelet.CpuTopology.Level.CORE;
import static io.solaster.operator.kubelet.CpuTopology.Level.NODE;
import static io.solaster.operator.kubelet.CpuTopology.Level.SOCKET;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

import io.solaster.operator.kubelet.CpuTopology.Level;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import org.jspecify.annotations.Nullable;

/**
 * Which CPUs the static CPU manager takes, as in Kubernetes 1.36 ({@code pkg/kubelet/cm/cpumanager/cpu_assignment.go}):
 * whole sockets and NUMA nodes first, then whole last-level caches if asked for, whole cores, single threads; always
 * where least is free, then the lowest number. Only the order of these is told here, in our own words and structures.
 * Pure functions over bit sets.
 *
 * <p>
 * The kubelet's defects are kept. It counts a socket and a core as free if as many of its CPUs are free as one has on
 * average, and then takes all CPUs of it, reserved and taken ones too: see {@link CpuTopology#uneven()}. It lists what is
 * free before it begins to take, so that a group which lies in two others is listed, taken and counted twice.
 */
final class CpuAllocator {
    private final CpuTopology topology;
    private final boolean distribute;
    private final boolean byCache;
    private final boolean spread;
    private final int unit;
    /** From the outside in: on machines with more NUMA nodes than sockets a socket holds nodes, else the reverse. */
    private final Level outer;
    private final Level inner;

    CpuAllocator(CpuTopology topology, KubeletConfig config) {
        this(topology, config, config.has(Option.FULL_PCPUS_ONLY) ? topology.threadsPerCore() : 1);
    }

    /** @param unit how many CPUs at least come from one NUMA node, where they are distributed */
    CpuAllocator(CpuTopology topology, KubeletConfig config, int unit) {
        this.topology = topology;
        this.unit = unit;
        distribute = config.has(Option.DISTRIBUTE_CPUS_ACROSS_NUMA);
        byCache = config.has(Option.PREFER_ALIGN_CPUS_BY_UNCORECACHE);
        spread = config.has(Option.DISTRIBUTE_CPUS_ACROSS_CORES);
        boolean socketsHoldNodes = topology.nodeCount() > topology.socketCount();
        outer = socketsHoldNodes ? SOCKET : NODE;
        inner = socketsHoldNodes ? NODE : SOCKET;
    }

    /**
     * Takes CPUs.
     *
     * @param available those that are free
     * @param count how many
     * @return those taken; null if there are too few, or if the kubelet fails in its own arithmetic
     */
    @Nullable
    BitSet take(BitSet available, int count) {
        if (count > available.cardinality()) {
            return null;
        }
        return distribute ? distributed(available, count) : packed(available, count, byCache);
    }

    /** The groups of a level that are free altogether, in the order in which they are taken. */
    int[] whole(BitSet available, Level level) {
        return new Taking(available, 0).whole(level);
    }

    /** The CPUs one by one, in the order in which they are taken. */
    int[] threads(BitSet available) {
        return new Taking(available, 0).inOrder(CORE);
    }

    private @Nullable BitSet packed(BitSet available, int count, boolean alignCaches) {
        Taking taking = new Taking(available, count);
        taking.wholeGroups(outer);
        taking.wholeGroups(inner);
        if (alignCaches) {
            taking.caches();
        }
        if (!spread) {
            taking.wholeGroups(CORE);
        }
        taking.threads();
        return taking.needed < 1 ? taking.taken : null;
    }

    /** One allocation under way. */
    private final class Taking {
        final BitSet free;
        final BitSet taken = new BitSet();
        int needed;

        Taking(BitSet available, int count) {
            free = (BitSet) available.clone();
            needed = count;
        }

        private void take(BitSet cpus) {
            taken.or(cpus);
            free.andNot(cpus);
            needed -= cpus.cardinality();
        }

        void wholeGroups(Level level) {
            for (int group : whole(level)) {
                BitSet all = topology.cpusOf(level, group);
                if (needed >= all.cardinality()) {
                    take(all);
                }
            }
        }

        /** The groups that are free altogether, in the order in which they are taken. */
        int[] whole(Level level) {
            int[] counts = counts(level);
            return Arrays.stream(groups(level)).filter(group -> counts[group] == size(level, group)).toArray();
        }

        private int[] groups(Level level) {
            return switch (level) {
                case SOCKET -> sockets();
                case NODE -> nodes();
                case CACHE -> nested(nodes(), NODE, CACHE);
                case CORE -> cores();
            };
        }

        /** The kubelet holds sockets and cores against the average, NUMA nodes and caches against themselves. */
        private int size(Level level, int group) {
            return level == SOCKET || level == CORE ? topology.per(level) : topology.sizeOf(level, group);
        }

        void caches() {
            for (int cache : groups(CACHE)) {
                if (needed >= topology.per(CACHE)) {
                    wholeGroups(CACHE);
                }
                if (needed < 1) {
                    return;
                }
                partOf(cache);
                if (needed < 1) {
                    return;
                }
            }
        }

        /** All that is needed from the lowest cores of one cache, or nothing. */
        private void partOf(int cache) {
            int threads = topology.threadsPerCore();
            int cores = (needed + threads - 1) / threads;
            BitSet cpus = new BitSet();
            BitSet seen = new BitSet();
            BitSet here = freeIn(CACHE, cache);
            here.stream().forEach(cpu -> seen.set(topology.coreOf(cpu)));
            seen.stream().limit(cores).forEach(core -> cpus.or(freeIn(CORE, core)));
            if (needed % 2 != 0 && threads > 1 && cpus.cardinality() > needed) {
                cpus.clear(cpus.length() - 1);
            }
            if (cpus.cardinality() == needed) {
                take(cpus);
            }
        }

        void threads() {
            for (int cpu : inOrder(spread ? SOCKET : CORE)) {
                if (needed < 1) {
                    return;
                }
                taken.set(cpu);
                free.clear(cpu);
                needed--;
            }
        }

        /** The free CPUs, by the order of such groups and then by number. */
        int[] inOrder(Level level) {
            return Arrays.stream(groups(level)).flatMap(group -> freeIn(level, group).stream()).toArray();
        }

        private int[] sockets() {
            return outer == SOCKET ? outerGroups() : innerGroups();
        }

        private int[] nodes() {
            return outer == NODE ? outerGroups() : innerGroups();
        }

        private int[] outerGroups() {
            return within(free, outer, counts(outer));
        }

        private int[] innerGroups() {
            return nested(outerGroups(), outer, inner);
        }

        private int[] cores() {
            return nested(innerGroups(), inner, CORE);
        }

        private int[] nested(int[] groups, Level level, Level below) {
            int[] counts = counts(below);
            return Arrays.stream(groups).flatMap(group -> Arrays.stream(within(freeIn(level, group), below, counts)))
                    .toArray();
        }

        /** The groups that these free CPUs belong to: the fullest first, then the lowest number. */
        private int[] within(BitSet cpus, Level level, int[] counts) {
            BitSet groups = new BitSet();
            for (int cpu = cpus.nextSetBit(0); cpu >= 0; cpu = cpus.nextSetBit(cpu + 1)) {
                groups.set(topology.groupOf(level, cpu));
            }
            long[] keys = groups.stream().mapToLong(group -> ((long) counts[group] << 32) | group).sorted().toArray();
            return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
        }

        private int[] counts(Level level) {
            int[] counts = new int[topology.bound(level)];
            for (int cpu = free.nextSetBit(0); cpu >= 0; cpu = free.nextSetBit(cpu + 1)) {
                counts[topology.groupOf(level, cpu)]++;
            }
            return counts;
        }

        private BitSet freeIn(Level level, int group) {
            BitSet cpus = (BitSet) topology.cpusOf(level, group).clone();
            cpus.and(free);
            return cpus;
        }
    }

    /** As many from each of as few NUMA nodes as that works out with; packed where it never does. */
    private @Nullable BitSet distributed(BitSet available, int count) {
        if (count == 0) {
            return new BitSet();
        }
        if (count % unit != 0) {
            return packed(available, count, false);
        }
        Taking taking = new Taking(available, count);
        int[] nodes = taking.nodes();
        int[] free = taking.counts(NODE);
        int unitsPerNode = ceil(ceil(topology.size(), unit), topology.nodeCount());
        int units = ceil(count, unit);
        for (int k = ceil(units, unitsPerNode); k <= Math.min(units, nodes.length); k++) {
            Balance best = new Balance(nodes, free, count, unit);
            combinations(nodes, k, best::consider);
            if (best.combination != null) {
                return takeEvenly(taking, best, count);
            }
        }
        return packed(available, count, false);
    }

    private @Nullable BitSet takeEvenly(Taking taking, Balance best, int count) {
        int[] combination = best.chosen();
        int each = count / combination.length / unit * unit;
        for (int node : combination) {
            BitSet cpus = packed(taking.freeIn(NODE, node), each, false);
            if (cpus != null) {
                taking.take(cpus);
            }
        }
        int rest = count - each * combination.length;
        while (rest > 0) {
            int before = rest;
            for (int node : best.remainder()) {
                BitSet here = taking.freeIn(NODE, node);
                if (rest > 0 && here.cardinality() >= unit) {
                    BitSet cpus = packed(here, unit, false);
                    if (cpus != null) {
                        taking.take(cpus);
                    }
                    rest -= unit;
                }
            }
            if (rest == before) {
                return null;
            }
        }
        return taking.needed == 0 ? taking.taken : null;
    }

    private static int ceil(int a, int b) {
        return (a - 1) / b + 1;
    }

    /** What is done with a combination; the array is longer than it and is written over by later ones. */
    private interface Visitor {
        /** @return whether to go on */
        boolean visit(int[] combination, int size);
    }

    /**
     * All subsets of a size, in order.
     *
     * <p>
     * The kubelet builds them in slices, and slices that are extended within their capacity share memory: the fourth,
     * sixth, seventh and eighth element of a subset that it keeps is written over by the subsets that follow. Who would
     * foretell what it does on machines with 4 and more NUMA nodes has to do so too, hence arrays that grow as Go's
     * slices do.
     */
    private static void combinations(int[] of, int size, Visitor visitor) {
        if (size > 0) {
            combine(of, size, 0, new int[0], 0, visitor);
        }
    }

    private static boolean combine(int[] of, int more, int start, int[] chosen, int size, Visitor visitor) {
        if (more == 0) {
            return visitor.visit(chosen, size);
        }
        for (int i = start; i <= of.length - more; i++) {
            int[] longer = size < chosen.length ? chosen : Arrays.copyOf(chosen, Math.max(1, 2 * size));
            longer[size] = of[i];
            if (!combine(of, more - 1, i + 1, longer, size + 1, visitor)) {
                return false;
            }
        }
        return true;
    }

    /** Looks for the NUMA nodes that are left with the most even number of free CPUs. */
    private static final class Balance {
        private final int[] nodes;
        private final int[] free;
        private final int count;
        private final int unit;
        private double best = Double.MAX_VALUE;
        private int size;
        private int @Nullable [] combination;
        private int @Nullable [] bestRemainder;
        private int bestRemainderSize;

        Balance(int[] nodes, int[] free, int count, int unit) {
            this.nodes = nodes;
            this.free = free;
            this.count = count;
            this.unit = unit;
        }

        int[] chosen() {
            return combination == null ? new int[0] : Arrays.copyOf(combination, size);
        }

        int[] remainder() {
            return bestRemainder == null ? new int[0] : Arrays.copyOf(bestRemainder, bestRemainderSize);
        }

        boolean consider(int[] candidate, int k) {
            if (best == 0) {
                return false;
            }
            int total = 0;
            int whole = 0;
            int each = count / k / unit * unit;
            boolean even = true;
            for (int i = 0; i < k; i++) {
                total += free[candidate[i]];
                whole += free[candidate[i]] / unit * unit;
                even &= free[candidate[i]] >= each;
            }
            if (total < count || whole < count || !even) {
                return true;
            }
            int[] left = free.clone();
            List<Integer> richer = new ArrayList<>();
            for (int i = 0; i < k; i++) {
                left[candidate[i]] -= each;
                if (left[candidate[i]] >= unit) {
                    richer.add(candidate[i]);
                }
            }
            Remainder remainder = new Remainder(left, count - each * k);
            if (remainder.rest == 0) {
                remainder.balance = deviation(left);
            }
            int[] from = richer.stream().mapToInt(Integer::intValue).toArray();
            for (int n = from.length; remainder.rest > 0 && n >= 1; n--) {
                combinations(from, n, remainder::consider);
            }
            if (remainder.balance < best) {
                best = remainder.balance;
                combination = candidate;
                size = k;
                bestRemainder = remainder.subset;
                bestRemainderSize = remainder.size;
            }
            return true;
        }

        /** Which of the chosen nodes give one unit more. */
        private final class Remainder {
            private final int[] left;
            private final int rest;
            private double balance = Double.MAX_VALUE;
            private int @Nullable [] subset;
            private int size;

            Remainder(int[] left, int rest) {
                this.left = left;
                this.rest = rest;
            }

            boolean consider(int[] candidate, int n) {
                int sum = 0;
                for (int i = 0; i < n; i++) {
                    sum += left[candidate[i]];
                }
                if (sum < rest) {
                    return true;
                }
                int[] after = left.clone();
                int more = rest;
                for (boolean progress = true; more > 0 && progress;) {
                    progress = false;
                    for (int i = 0; i < n && more > 0; i++) {
                        if (after[candidate[i]] >= unit) {
                            after[candidate[i]] -= unit;
                            more -= unit;
                            progress = true;
                        }
                    }
                }
                double balanced = deviation(after);
                if (balanced < balance) {
                    balance = balanced;
                    subset = candidate;
                    size = n;
                }
                return true;
            }
        }

        /** The standard deviation over the nodes that had free CPUs, to three places, as the kubelet reckons it. */
        private double deviation(int[] left) {
            double sum = 0;
            for (int node : nodes) {
                sum += left[node];
            }
            double mean = Math.round(sum / nodes.length * 1000) / 1000.0;
            double squares = 0;
            for (int node : nodes) {
                squares += (left[node] - mean) * (left[node] - mean);
            }
            return Math.round(Math.sqrt(squares / nodes.length) * 1000) / 1000.0;
        }
    }
}
