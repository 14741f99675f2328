package io.solaster.operator.inventory;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.kubelet.NumaNodes;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that are alike in CPUs, NUMA nodes and kubelet. Immutable; any thread may use it.
 */
public final class TopologyClass {

    /** What the CPUs and NUMA nodes are known from. */
    public enum Source {
        /** From NodeResourceTopology or ResourceSlices. */
        Observed,
        /** From a TopologyProfile alone. */
        Declared,
        /** From nothing: the node's capacity is taken for one NUMA node. */
        Assumed
    }

    private final String name;
    private final Source source;
    private final CpuTopology topology;
    private final @Nullable KubeletConfig kubelet;
    private final boolean dra;
    private final long numaMemory;
    private final String problem;
    private final List<String> notes;
    private final boolean defectsAllowed;
    private final String defect;
    private final boolean wholeCoresOnly;
    private final List<NumaNodes.Node> pinned;
    private final int[] fresh;
    private final int halfCores;

    TopologyClass(String name, Shape shape) {
        this.name = name;
        source = shape.source();
        topology = shape.topology();
        kubelet = shape.kubelet();
        dra = shape.dra();
        numaMemory = shape.numaMemory();
        problem = shape.problem();
        notes = List.copyOf(shape.notes());
        defectsAllowed = shape.defectsAllowed();
        defect = kubelet != null && kubelet.cpuManager() == KubeletConfig.CpuManager.STATIC && !dra
                ? topology.uneven()
                : "";
        pinned = kubelet == null || dra || !kubelet.numa().pinned()
                ? List.of()
                : kubelet.numa().nodes().stream()
                        .filter(node -> Arrays.binarySearch(topology.nodes(), node.id()) >= 0).toList();
        wholeCoresOnly = kubelet != null && kubelet.has(KubeletConfig.Option.FULL_PCPUS_ONLY);
        fresh = freshNode().freeByNode();
        CpuSet reserved = reserved();
        halfCores = (int) topology.cpus().stream().filter(cpu -> !reserved.contains(cpu.id())
                && reserved.stream().anyMatch(other -> topology.coreOf(other) == cpu.core())).count();
    }

    /**
     * A class before it has a name.
     *
     * @param kubelet null if nothing says how it hands out CPUs
     * @param numaMemory the least memory of a NUMA node in bytes; 0 if not known
     * @param problem why no pod can be planned here; empty if one can
     * @param defectsAllowed whether one can all the same where the kubelet may hand out CPUs twice
     * @param notes what is odd
     */
    record Shape(Source source, CpuTopology topology, @Nullable KubeletConfig kubelet, boolean dra, long numaMemory,
            String problem, boolean defectsAllowed, List<String> notes) {

        Shape withMemory(long bytes) {
            return new Shape(source, topology, kubelet, dra, bytes, problem, defectsAllowed, notes);
        }

        /** With what is told of the same nodes otherwise: the least that is known, and the least memory. */
        Shape and(Shape other) {
            long memory = numaMemory == 0 || other.numaMemory == 0
                    ? Math.max(numaMemory, other.numaMemory)
                    : Math.min(numaMemory, other.numaMemory);
            return new Shape(source.compareTo(other.source) >= 0 ? source : other.source, topology, kubelet, dra,
                    memory, problem, defectsAllowed,
                    Stream.concat(notes.stream(), other.notes.stream()).distinct().toList());
        }
    }

    /** Its name, which makes part of the names of workloads. */
    public String name() {
        return name;
    }

    public Source source() {
        return source;
    }

    public CpuTopology topology() {
        return topology;
    }

    /** How CPUs are handed out; null if nothing says so. */
    public @Nullable KubeletConfig kubelet() {
        return kubelet;
    }

    /** Whether a driver for dynamic resource allocation hands out the CPUs. */
    public boolean dra() {
        return dra;
    }

    /** The least memory of a NUMA node in bytes; 0 if not known. */
    public long numaMemory() {
        return numaMemory;
    }

    /** Why no pod can be planned here, with the fix; empty if one can. */
    public String problem() {
        return problem;
    }

    /**
     * Why the kubelet may hand out reserved and taken CPUs to pods that want some for themselves, such as 'its sockets
     * have 8 and 12 CPUs'; empty if it does not.
     */
    public String defect() {
        return defect;
    }

    /** Whether such pods may be planned all the same. */
    public boolean defectsAllowed() {
        return defectsAllowed;
    }

    /**
     * What the Memory Manager has to give of each NUMA node with CPUs, in the order of {@link CpuTopology#nodes()}; empty
     * where it pins no memory.
     */
    public List<NumaNodes.Node> pinned() {
        return pinned;
    }

    /** What is odd about it. */
    public List<String> notes() {
        return notes;
    }

    /** CPUs that pods can have for themselves on an empty node, by NUMA node. */
    public int[] fresh() {
        return fresh.clone();
    }

    /** Whether pods get whole cores only. */
    public boolean wholeCoresOnly() {
        return wholeCoresOnly;
    }

    /** CPUs of {@link #fresh} that are second threads of cores with a reserved thread. */
    public int halfCores() {
        return halfCores;
    }

    /** An empty node of this class. */
    public KubeletNode freshNode() {
        KubeletConfig config = kubelet != null
                ? kubelet
                : new KubeletConfig(KubeletConfig.CpuManager.NONE, Set.of(),
                        KubeletConfig.TopologyPolicy.NONE, KubeletConfig.Scope.CONTAINER, CpuSet.EMPTY);
        return new KubeletNode(topology, config, CpuSet.EMPTY);
    }

    private CpuSet reserved() {
        return kubelet == null ? CpuSet.EMPTY : kubelet.reserved();
    }
}
