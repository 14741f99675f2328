package io.solaster.operator.kubelet;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.solaster.config.plan.Machine;
import io.solaster.config.value.CpuSet;

/**
 * The CPUs of a node as the kubelet sees them: each belongs to a core, a socket, a NUMA node and an uncore cache.
 * Immutable; any thread may use it.
 */
public final class CpuTopology {

    /** What CPUs are counted by. */
    enum Level {
        SOCKET, NODE, CACHE, CORE
    }

    /**
     * One CPU.
     *
     * @param id its number, from 0
     * @param core the lowest number of a CPU of its core
     * @param socket its socket
     * @param node its NUMA node, from 0 to 63
     * @param cache its last-level cache
     */
    public record Cpu(int id, int core, int socket, int node, int cache) {}

    private final List<Cpu> cpus;
    private final BitSet all = new BitSet();
    private final EnumMap<Level, Grouping> levels = new EnumMap<>(Level.class);
    private final int[] nodes;

    /**
     * The caches of the CPUs are what the kubelet takes for uncore caches; see {@link #discovered} for last-level ones.
     *
     * @throws IllegalArgumentException if there is no CPU, one twice, or a NUMA node beyond 63
     */
    public CpuTopology(List<Cpu> cpus) {
        this(cpus, false);
    }

    private CpuTopology(List<Cpu> cpus, boolean discovered) {
        this.cpus = List.copyOf(cpus);
        if (cpus.isEmpty()) {
            throw new IllegalArgumentException("a machine without CPUs; give at least one");
        }
        int highest = 0;
        for (Cpu cpu : cpus) {
            highest = Math.max(highest, cpu.id());
            if (all.get(cpu.id())) {
                throw new IllegalArgumentException("CPU " + cpu.id() + " is there twice; give it to one NUMA node");
            }
            if (cpu.node() < 0 || cpu.node() > 63) {
                throw new IllegalArgumentException(
                        "NUMA node " + cpu.node() + " of CPU " + cpu.id() + "; give numbers from 0 to 63");
            }
            all.set(cpu.id());
        }
        for (Level level : Level.values()) {
            int[] of = new int[highest + 1];
            Arrays.fill(of, -1);
            for (Cpu cpu : cpus) {
                of[cpu.id()] = groupOf(cpu, level);
            }
            levels.put(level, grouping(of));
        }
        nodes = cpus.stream().mapToInt(Cpu::node).distinct().sorted().toArray();
        if (discovered) {
            levels.put(Level.CACHE, grouping(uncore()));
        }
    }

    /**
     * The machine as a kubelet finds it. cadvisor ({@code utils/sysinfo/sysinfo.go}) counts a last-level cache with as
     * many CPUs as the NUMA node has, by its cores times the threads of the core that is looked at, as the node's own and
     * as no core's uncore cache. Where a core has none, the kubelet ({@code cpumanager/topology/topology.go}) takes the
     * number of its socket instead.
     *
     * @throws IllegalArgumentException if there is no CPU, one twice, or a NUMA node beyond 63
     */
    public static CpuTopology discovered(List<Cpu> cpus) {
        return new CpuTopology(cpus, true);
    }

    private int[] uncore() {
        Map<Integer, BitSet> cores = new TreeMap<>();
        cpus.forEach(cpu -> cores.computeIfAbsent(cpu.node(), node -> new BitSet()).set(cpu.core()));
        int[] of = at(Level.CACHE).of().clone();
        for (Cpu cpu : cpus) {
            int ofNode = requireNonNull(cores.get(cpu.node())).cardinality() * sizeOf(Level.CORE, cpu.core());
            if (sizeOf(Level.CACHE, cpu.cache()) == ofNode) {
                of[cpu.id()] = cpu.socket();
            }
        }
        return of;
    }

    /** Which group each CPU is in, the CPUs and the size of each group, and how many groups have any. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Grouping(int[] of, BitSet[] cpus, int[] sizes, int count) {}

    private Grouping grouping(int[] of) {
        BitSet[] members = new BitSet[Arrays.stream(of).max().orElse(0) + 1];
        Arrays.setAll(members, group -> new BitSet());
        all.stream().forEach(cpu -> members[of[cpu]].set(cpu));
        int[] sizes = Arrays.stream(members).mapToInt(BitSet::cardinality).toArray();
        return new Grouping(of, members, sizes, (int) Arrays.stream(sizes).filter(n -> n > 0).count());
    }

    private Grouping at(Level level) {
        return requireNonNull(levels.get(level));
    }

    private static int groupOf(Cpu cpu, Level level) {
        return switch (level) {
            case SOCKET -> cpu.socket();
            case NODE -> cpu.node();
            case CACHE -> cpu.cache();
            case CORE -> cpu.core();
        };
    }

    /**
     * A machine whose NUMA nodes have these CPUs, some perhaps none; sockets take equally many nodes each, in order.
     *
     * @param nodes the CPUs of each NUMA node, by the node's number
     * @param sockets how many sockets
     * @param threadsPerCore hardware threads per core
     * @param adjacent whether the threads of a core have neighbouring numbers (0 and 1), not numbers that lie as many
     * apart as the node has cores
     * @param caches the CPUs of each last-level cache; empty for one per NUMA node
     * @param offline those of all these CPUs that are not there
     * @throws IllegalArgumentException if the CPUs of a node do not make whole cores, or the nodes whole sockets
     */
    public static CpuTopology of(List<CpuSet> nodes, int sockets, int threadsPerCore, boolean adjacent,
            List<CpuSet> caches, CpuSet offline) {
        int count = (int) nodes.stream().filter(node -> !node.isEmpty()).count();
        if (sockets < 1 || count == 0 || (count % sockets != 0 && sockets % count != 0)) {
            throw new IllegalArgumentException("sockets: " + sockets + " for " + count
                    + " NUMA nodes with CPUs; give a number that divides them");
        }
        List<Cpu> cpus = new ArrayList<>();
        int before = 0;
        for (int node = 0; node < nodes.size(); node++) {
            int[] ids = nodes.get(node).stream().toArray();
            if (threadsPerCore < 1 || ids.length % threadsPerCore != 0) {
                throw new IllegalArgumentException("numaNodes: '" + nodes.get(node) + "' are " + ids.length
                        + " CPUs, which make no whole cores of " + threadsPerCore + " threads; give all threads");
            }
            int cores = ids.length / threadsPerCore;
            for (int i = 0; i < ids.length; i++) {
                int nth = adjacent ? i / threadsPerCore : i % cores;
                int core = adjacent ? ids[nth * threadsPerCore] : ids[nth];
                int socket = sockets >= count
                        ? before * (sockets / count) + nth * (sockets / count) / cores
                        : before / (count / sockets);
                cpus.add(new Cpu(ids[i], core, socket, node, cache(caches, ids[i], node)));
            }
            before += ids.length > 0 ? 1 : 0;
        }
        return discovered(online(cpus, offline));
    }

    /** A machine all of whose CPUs are online. */
    public static CpuTopology of(List<CpuSet> nodes, int sockets, int threadsPerCore, boolean adjacent,
            List<CpuSet> caches) {
        return of(nodes, sockets, threadsPerCore, adjacent, caches, CpuSet.EMPTY);
    }

    private static List<Cpu> online(List<Cpu> cpus, CpuSet offline) {
        if (offline.isEmpty()) {
            return cpus;
        }
        CpuSet all = CpuSet.of(cpus.stream().mapToInt(Cpu::id).toArray());
        if (!all.containsAll(offline)) {
            throw new IllegalArgumentException(
                    "offlineCPUs: no NUMA node has " + offline.minus(all) + "; list CPUs that numaNodes list, too");
        }
        List<Cpu> online = cpus.stream().filter(cpu -> !offline.contains(cpu.id())).toList();
        // A core is called after its lowest thread.
        Map<Integer, Integer> lowest = new TreeMap<>();
        online.forEach(cpu -> lowest.merge(cpu.core(), cpu.id(), Math::min));
        return online.stream().map(cpu -> new Cpu(cpu.id(), lowest.getOrDefault(cpu.core(), cpu.core()), cpu.socket(),
                cpu.node(), cpu.cache())).toList();
    }

    private static int cache(List<CpuSet> caches, int cpu, int node) {
        for (int cache = 0; cache < caches.size(); cache++) {
            if (caches.get(cache).contains(cpu)) {
                return cache;
            }
        }
        if (!caches.isEmpty()) {
            throw new IllegalArgumentException("l3Groups: CPU " + cpu + " is in none of them; add it to one");
        }
        return node;
    }

    /** The CPUs, in the order in which they were given. */
    public List<Cpu> cpus() {
        return cpus;
    }

    /** How many CPUs there are. */
    public int size() {
        return cpus.size();
    }

    /** The numbers of the NUMA nodes that have CPUs, ascending. */
    public int[] nodes() {
        return nodes.clone();
    }

    /** How many NUMA nodes have CPUs. */
    public int nodeCount() {
        return nodes.length;
    }

    /** How many sockets there are. */
    public int socketCount() {
        return at(Level.SOCKET).count();
    }

    /** Hardware threads per core, as the kubelet reckons: on average, rounded down. */
    public int threadsPerCore() {
        return per(Level.CORE);
    }

    /** CPUs per group on average, rounded down. */
    int per(Level level) {
        return size() / at(level).count();
    }

    /** The group of a CPU. */
    int groupOf(Level level, int cpu) {
        return at(level).of()[cpu];
    }

    /** All CPUs of a group; not to be changed. */
    BitSet cpusOf(Level level, int group) {
        return at(level).cpus()[group];
    }

    /** How many CPUs a group has in all. */
    int sizeOf(Level level, int group) {
        return at(level).sizes()[group];
    }

    /** One more than the highest number of a group. */
    int bound(Level level) {
        return at(level).sizes().length;
    }

    /** The NUMA node of a CPU. */
    public int nodeOf(int cpu) {
        return at(Level.NODE).of()[cpu];
    }

    /** The lowest CPU of a CPU's core. */
    public int coreOf(int cpu) {
        return at(Level.CORE).of()[cpu];
    }

    /** All CPUs; the caller may change the answer. */
    public BitSet all() {
        return (BitSet) all.clone();
    }

    /** All CPUs of a NUMA node. */
    public CpuSet cpusOfNode(int node) {
        return CpuSet.of(cpus.stream().filter(cpu -> cpu.node() == node).mapToInt(Cpu::id).toArray());
    }

    /** All hardware threads of the cores that these CPUs belong to. */
    BitSet wholeCores(BitSet some) {
        BitSet cores = new BitSet();
        some.stream().forEach(cpu -> cores.set(coreOf(cpu)));
        BitSet whole = new BitSet();
        cpus.stream().filter(cpu -> cores.get(cpu.core())).forEach(cpu -> whole.set(cpu.id()));
        return whole;
    }

    /**
     * Why the kubelet may hand out CPUs that are reserved or taken: it reckons with CPUs per socket and threads per core
     * on average, rounded down ({@code isSocketFree} and {@code isCoreFree} in {@code cpumanager/cpu_assignment.go}), and
     * takes all of one that has just as many free.
     *
     * @return such as 'its sockets have 12 and 8 CPUs'; empty if sockets are alike, and cores are
     */
    public String uneven() {
        return Stream.of(uneven(Level.SOCKET, "sockets", "CPUs"), uneven(Level.CORE, "cores", "threads"))
                .filter(text -> !text.isEmpty()).collect(Collectors.joining(", "));
    }

    private String uneven(Level level, String groups, String members) {
        int[] sizes = Arrays.stream(at(level).sizes()).filter(size -> size > 0).distinct().sorted().toArray();
        return sizes.length == 1
                ? ""
                : "its " + groups + " have " + Arrays.stream(sizes).mapToObj(String::valueOf)
                        .collect(Collectors.joining(" and ")) + " " + members;
    }

    /**
     * What a container sees that may use some of these CPUs: what the engine's planner asks for.
     *
     * @param allowed the CPUs that it may use
     * @param memory bytes of each NUMA node; 0 where not known counts as some
     */
    public Machine machine(CpuSet allowed, long memory) {
        List<Machine.Core> cores = sets(Level.CORE).values().stream()
                .map(threads -> new Machine.Core(groupOf(Level.SOCKET, threads.first()), threads, 1024)).toList();
        List<Machine.NumaNode> numa = sets(Level.NODE).entrySet().stream()
                .map(node -> new Machine.NumaNode(node.getKey(), node.getValue(), Math.max(memory, 1))).toList();
        return new Machine(CpuSet.of(all), allowed, CpuSet.EMPTY, cores, List.copyOf(sets(Level.CACHE).values()), numa,
                OptionalDouble.empty(), OptionalLong.empty(), 1 << 20, 1 << 26);
    }

    private Map<Integer, CpuSet> sets(Level level) {
        TreeMap<Integer, BitSet> bits = new TreeMap<>();
        cpus.forEach(cpu -> bits.computeIfAbsent(groupOf(cpu, level), group -> new BitSet()).set(cpu.id()));
        TreeMap<Integer, CpuSet> sets = new TreeMap<>();
        bits.forEach((group, set) -> sets.put(group, CpuSet.of(set)));
        return sets;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CpuTopology that && sorted().equals(that.sorted());
    }

    @Override
    public int hashCode() {
        return sorted().hashCode();
    }

    private List<Cpu> sorted() {
        List<Cpu> sorted = new ArrayList<>(cpus);
        sorted.sort(Comparator.comparingInt(Cpu::id));
        return sorted;
    }

    /** Such as '2 sockets, 4 NUMA nodes, 40 cores, 80 CPUs'. */
    @Override
    public String toString() {
        return at(Level.SOCKET).count() + " sockets, " + nodes.length + " NUMA nodes, "
                + at(Level.CORE).count() + " cores, " + size() + " CPUs";
    }
}
