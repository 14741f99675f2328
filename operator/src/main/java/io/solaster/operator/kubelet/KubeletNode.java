package io.solaster.operator.kubelet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.Admission.Reason;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.TopologyManager.Decision;
import io.solaster.operator.kubelet.TopologyManager.Hint;
import org.jspecify.annotations.Nullable;

/**
 * A node's kubelet as far as it hands out CPUs: admits one pod after another and remembers what they took. As in
 * Kubernetes 1.36 ({@code cpumanager/policy_static.go}, {@code topologymanager/scope_*.go}). For one thread at a time.
 */
public final class KubeletNode {
    /** The Topology Manager does not start on more NUMA nodes, unless told to. */
    public static final int MAX_NODES = 8;

    private final CpuTopology topology;
    private final KubeletConfig config;
    private final CpuAllocator allocator;
    private final BitSet reserved;
    private final BitSet reservedCores;
    private final BitSet shared;
    private final long allNodes;
    private final @Nullable MemoryManager memory;
    /** What the Memory Manager gave to the pods that are here. */
    private final IdentityHashMap<Admission, List<MemoryManager.Block>> blocks = new IdentityHashMap<>();

    /**
     * @param taken CPUs that containers have for themselves
     * @throws IllegalArgumentException if CPUs are reserved or taken that are not there
     */
    public KubeletNode(CpuTopology topology, KubeletConfig config, CpuSet taken) {
        this.topology = topology;
        this.config = config;
        allocator = new CpuAllocator(topology, config);
        CpuSet all = CpuSet.of(topology.all());
        for (CpuSet some : List.of(config.reserved(), taken)) {
            if (!all.containsAll(some)) {
                throw new IllegalArgumentException("CPUs " + some.minus(all) + " are not among those of the node ("
                        + all + "); leave them out");
            }
        }
        reserved = config.reserved().toBitSet();
        reservedCores = topology.wholeCores(reserved);
        shared = topology.all();
        shared.andNot(taken.toBitSet());
        long mask = 0;
        for (int node : topology.nodes()) {
            mask |= 1L << node;
        }
        for (NumaNodes.Node node : config.numa().nodes()) {
            mask |= 1L << node.id();
        }
        allNodes = mask;
        memory = config.numa().pinned() ? new MemoryManager(config.numa()) : null;
    }

    /**
     * The CPUs that the kubelet reserves by itself when it is told only how many: those that the static policy takes from
     * a machine that has all of them free, with its options in force ({@code NewStaticPolicy} in
     * {@code cpumanager/policy_static.go}).
     *
     * @return those; the kubelet does not start where they are not as many as asked for
     */
    public static CpuSet reserve(CpuTopology topology, Set<Option> options, int count) {
        KubeletConfig config = new KubeletConfig(CpuManager.STATIC, options, TopologyPolicy.NONE, Scope.CONTAINER,
                CpuSet.EMPTY);
        BitSet taken = new CpuAllocator(topology, config).take(topology.all(), count);
        return taken == null ? CpuSet.EMPTY : CpuSet.of(taken);
    }

    /** The CPUs that a pod could get for itself now. */
    public CpuSet free() {
        return CpuSet.of(available());
    }

    /** How many such CPUs each NUMA node has, in the order of {@link CpuTopology#nodes()}. */
    public int[] freeByNode() {
        return byNode(available());
    }

    private int[] byNode(BitSet cpus) {
        int[] nodes = topology.nodes();
        int[] counts = new int[nodes.length];
        for (int cpu = cpus.nextSetBit(0); cpu >= 0; cpu = cpus.nextSetBit(cpu + 1)) {
            counts[Arrays.binarySearch(nodes, topology.nodeOf(cpu))]++;
        }
        return counts;
    }

    private BitSet available() {
        BitSet available = (BitSet) shared.clone();
        available.andNot(reserved);
        return available;
    }

    /** The CPUs that are left to containers which share. */
    public CpuSet sharedPool() {
        BitSet pool = (BitSet) shared.clone();
        if (config.has(Option.STRICT_CPU_RESERVATION)) {
            pool.andNot(reserved);
        }
        return CpuSet.of(pool);
    }

    /** Lets a pod of one container in, or says why not. */
    public Admission admit(int cpus) {
        return admit(new PodCpus(List.of(PodCpus.Container.app(cpus))));
    }

    /** Lets a pod in, whose containers then hold their CPUs, or says why not and changes nothing. */
    public Admission admit(PodCpus pod) {
        if (config.cpuManager() == CpuManager.NONE) {
            return Admission.shared(CpuSet.of(shared));
        }
        Admitting admitting = new Admitting(pod);
        Admission admission = admitting.admit();
        if (admission.admitted()) {
            blocks.put(admission, admitting.blocks);
        } else {
            release(admitting.sets, admitting.blocks);
        }
        return admission;
    }

    /** Takes back what a pod got: it is gone. */
    public void remove(Admission admission) {
        release(admission.cpus(), blocks.getOrDefault(admission, List.of()));
        blocks.remove(admission);
    }

    private void release(List<CpuSet> sets, List<MemoryManager.Block> given) {
        sets.forEach(cpus -> shared.or(cpus.toBitSet()));
        if (memory != null) {
            given.forEach(memory::release);
        }
    }

    /** One pod on its way in. */
    private final class Admitting {
        private final PodCpus pod;
        /** What ended init containers leave to the containers after them. */
        private final BitSet reusable = new BitSet();
        private final List<CpuSet> sets = new ArrayList<>();
        private final List<MemoryManager.Block> blocks = new ArrayList<>();
        private final Map<Long, MemoryManager.Block> reusableMemory = new HashMap<>();

        Admitting(PodCpus pod) {
            this.pod = pod;
        }

        Admission admit() {
            boolean align = config.topologyManager() != TopologyPolicy.NONE;
            Decision forPod = null;
            if (align && config.scope() == Scope.POD) {
                forPod = decide(pod.exclusive(), pod.memory(), pod.hugePages());
                if (!forPod.admit()) {
                    return unaligned(pod.exclusive());
                }
            }
            for (PodCpus.Container container : pod.containers()) {
                Decision decision = forPod != null
                        ? forPod
                        : align
                                ? decide(container.exclusive(), container.memory(), container.hugePages())
                                : null;
                if (decision != null && !decision.admit()) {
                    return unaligned(container.exclusive());
                }
                Hint hint = decision == null ? new Hint(0, false) : decision.hint();
                Admission refused = allocate(container, hint.nodes());
                refused = refused == null ? allocateMemory(container, hint) : refused;
                if (refused != null) {
                    return refused;
                }
            }
            return Admission.exclusive(sets);
        }

        private @Nullable Admission allocate(PodCpus.Container container, long nodes) {
            int cpus = container.exclusive();
            if (cpus == 0) {
                sets.add(CpuSet.EMPTY);
                return null;
            }
            if (config.has(Option.FULL_PCPUS_ONLY)) {
                int threads = topology.threadsPerCore();
                if (cpus % threads != 0) {
                    return Admission.refused(Reason.SMT_ALIGNMENT, cpus + " CPUs are no whole cores of " + threads
                            + " threads, and full-pcpus-only gives no parts; ask for "
                            + (cpus / threads * threads + threads));
                }
                BitSet whole = (BitSet) shared.clone();
                whole.andNot(reservedCores);
                if (cpus > whole.cardinality()) {
                    return Admission.refused(Reason.SMT_ALIGNMENT,
                            cpus + " CPUs asked, " + whole.cardinality() + " free on cores without a reserved thread");
                }
            }
            BitSet allocatable = available();
            allocatable.or(reusable);
            BitSet taken = new BitSet();
            if (nodes != 0) {
                BitSet near = near(nodes, allocatable);
                BitSet aligned = allocator.take(near, Math.min(cpus, near.cardinality()));
                if (aligned == null) {
                    return tooFew(cpus, allocatable);
                }
                taken.or(aligned);
            }
            BitSet others = (BitSet) allocatable.clone();
            others.andNot(taken);
            BitSet more = allocator.take(others, cpus - taken.cardinality());
            if (more == null) {
                return tooFew(cpus, allocatable);
            }
            taken.or(more);
            shared.andNot(taken);
            sets.add(CpuSet.of(taken));
            if (container.kind() == PodCpus.Kind.INIT) {
                reusable.or(taken);
            } else {
                reusable.andNot(taken);
            }
            return null;
        }

        private @Nullable Admission allocateMemory(PodCpus.Container container, Hint affinity) {
            if (memory == null || container.memory() + container.hugePages() == 0) {
                return null;
            }
            MemoryManager.Block block = memory.allocate(container.memory(), container.hugePages(), affinity,
                    reusableMemory);
            if (block == null) {
                return Admission.refused(Reason.UNEXPECTED, container.memory() + " bytes and " + container.hugePages()
                        + " of huge pages asked: no NUMA nodes that may serve together have them free");
            }
            blocks.add(block);
            MemoryManager.reuse(reusableMemory,
                    new MemoryManager.Block(block.nodes(), container.memory(), container.hugePages(),
                            block.resources()),
                    container.kind() == PodCpus.Kind.INIT);
            return null;
        }

        private BitSet near(long nodes, BitSet allocatable) {
            BitSet sockets = new BitSet();
            if (config.has(Option.ALIGN_BY_SOCKET)) {
                topology.cpus().stream().filter(cpu -> (nodes >> cpu.node() & 1) == 1)
                        .forEach(cpu -> sockets.set(cpu.socket()));
            }
            BitSet near = new BitSet();
            for (CpuTopology.Cpu cpu : topology.cpus()) {
                if (allocatable.get(cpu.id()) && ((nodes >> cpu.node() & 1) == 1 || sockets.get(cpu.socket()))) {
                    near.set(cpu.id());
                }
            }
            return near;
        }

        private Decision decide(int cpus, long bytes, long hugePages) {
            List<List<Hint>> providers = new ArrayList<>();
            if (cpus > 0) {
                providers.add(hints(available(), reusable, cpus));
            }
            if (memory != null) {
                providers.addAll(memory.hints(bytes, hugePages, reusableMemory));
            }
            return TopologyManager.decide(config.topologyManager(), allNodes, providers, config.numa().distances());
        }

        private Admission unaligned(int cpus) {
            StringBuilder free = new StringBuilder();
            int[] nodes = topology.nodes();
            int[] counts = freeByNode();
            for (int i = 0; i < nodes.length; i++) {
                free.append(i == 0 ? "" : ", ").append(counts[i]).append(" on NUMA node ").append(nodes[i]);
            }
            return Admission.refused(Reason.TOPOLOGY_AFFINITY,
                    cpus + " CPUs asked, free are " + free + ": " + config.topologyManager().spelled() + " refuses");
        }

        private Admission tooFew(int cpus, BitSet allocatable) {
            return Admission.refused(Reason.UNEXPECTED,
                    cpus + " CPUs asked, " + allocatable.cardinality() + " free to be had alone");
        }
    }

    /**
     * The sets of NUMA nodes that have enough free CPUs. Preferred are those no larger than an empty machine would need,
     * its reserved CPUs counted in.
     */
    List<Hint> hints(BitSet available, BitSet reusable, int cpus) {
        int[] nodes = topology.nodes();
        int fewest = nodes.length;
        List<Hint> hints = new ArrayList<>();
        long mustHave = 0;
        for (int cpu = reusable.nextSetBit(0); cpu >= 0; cpu = reusable.nextSetBit(cpu + 1)) {
            mustHave |= 1L << topology.nodeOf(cpu);
        }
        int[] free = byNode(available);
        int[] reused = byNode(reusable);
        int[] total = byNode(topology.all());
        for (int i = 0; i < nodes.length; i++) {
            free[i] += reused[i];
        }
        for (int subset = 1; subset < 1 << nodes.length; subset++) {
            long mask = 0;
            int inAll = 0;
            int freeHere = 0;
            for (int i = 0; i < nodes.length; i++) {
                if ((subset >> i & 1) == 1) {
                    mask |= 1L << nodes[i];
                    inAll += total[i];
                    freeHere += free[i];
                }
            }
            if (inAll >= cpus) {
                fewest = Math.min(fewest, Integer.bitCount(subset));
            }
            if (freeHere >= cpus && (mustHave & ~mask) == 0) {
                hints.add(new Hint(mask, false));
            }
        }
        int preferred = fewest;
        hints.replaceAll(hint -> new Hint(hint.nodes(), hint.count() == preferred
                || (config.has(Option.ALIGN_BY_SOCKET) && withinFewestSockets(hint, preferred))));
        return hints;
    }

    private boolean withinFewestSockets(Hint hint, int fewestNodes) {
        int nodesPerSocket = topology.nodeCount() / topology.socketCount();
        if (nodesPerSocket == 0) {
            return false;
        }
        long sockets = topology.cpus().stream().filter(cpu -> (hint.nodes() >> cpu.node() & 1) == 1)
                .mapToInt(CpuTopology.Cpu::socket).distinct().count();
        return sockets == (fewestNodes + nodesPerSocket - 1) / nodesPerSocket;
    }
}
