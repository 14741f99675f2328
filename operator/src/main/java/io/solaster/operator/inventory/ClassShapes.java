package io.solaster.operator.inventory;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

import io.fabric8.kubernetes.api.model.Node;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.TopologyClass.Shape;
import io.solaster.operator.inventory.TopologyClass.Source;
import io.solaster.operator.inventory.Zones.Zone;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.KubeletConfig;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.KubeletNode;
import org.jspecify.annotations.Nullable;

/** The classes of nodes that are alike, as the nodes are read one by one. For one thread. */
final class ClassShapes {
    private final Map<Likeness, Shape> shapes = new LinkedHashMap<>();
    private final Map<Likeness, String> names = new HashMap<>();

    /**
     * What makes nodes alike.
     *
     * @param profile the profile's name; empty without one
     * @param cpus CPUs in all
     * @param kept whole CPUs that the node keeps from allocation
     * @param zones NUMA nodes, as they are observed, with nothing of what is available, nor of their memory: machines
     * that were bought together differ in it by a little
     */
    record Likeness(String profile, int cpus, int kept, @Nullable List<Zone> zones, @Nullable String policy,
            @Nullable String scope, boolean dra) {}

    /** Makes a class of a node, unless one alike has made it. */
    void add(Node node, Likeness key, @Nullable TopologyProfile profile) {
        if (!shapes.containsKey(key)) {
            shapes.put(key, shape(node, key, profile));
        }
    }

    private Shape shape(Node node, Likeness key, @Nullable TopologyProfile profile) {
        List<String> notes = new ArrayList<>();
        String problem = "";
        Source source = key.zones() != null ? Source.Observed : profile != null ? Source.Declared : Source.Assumed;
        CpuTopology topology;
        CpuTopology declared = profile == null ? null : Profiles.topology(profile, key.cpus());
        if (key.zones() == null) {
            topology = declared != null ? declared : flat(key.cpus());
            if (topology.size() != key.cpus()) {
                problem = "TopologyProfile " + key.profile() + " lists " + topology.size() + " CPUs, node "
                        + node.getMetadata().getName() + " has " + key.cpus()
                        + ": list those that it has and in offlineCPUs those that are offline, or narrow the"
                        + " profile's nodeSelector";
            }
        } else if (declared != null && agrees(declared, key)) {
            topology = declared;
        } else {
            if (declared != null) {
                notes.add("Warning: TopologyProfile " + key.profile() + " lists other NUMA nodes than "
                        + node.getMetadata().getName() + " has; those that are there count.");
            }
            topology = observed(key, profile);
        }
        CpuSet reserved = key.dra() ? CpuSet.EMPTY : reserved(key, profile, topology);
        KubeletConfig kubelet = profile == null || key.dra() ? null : Profiles.kubelet(profile, reserved);
        if (key.dra()) {
            // Nothing but the driver hands out CPUs: as if one NUMA node at a time, over what it has published.
            kubelet = new KubeletConfig(CpuManager.STATIC, Set.of(), TopologyPolicy.SINGLE_NUMA_NODE, Scope.POD,
                    CpuSet.EMPTY);
        } else if (kubelet != null && key.policy() != null) {
            TopologyPolicy policy = Profiles.policy("NodeResourceTopology " + node.getMetadata().getName(),
                    "attributes topologyManagerPolicy", key.policy());
            if (policy != kubelet.topologyManager()) {
                notes.add("Warning: the kubelet's topologyManagerPolicy is " + policy.spelled()
                        + ", not " + kubelet.topologyManager().spelled() + " as TopologyProfile " + key.profile()
                        + " says.");
                kubelet = new KubeletConfig(kubelet.cpuManager(), kubelet.options(), policy,
                        "pod".equals(key.scope()) ? Scope.POD : Scope.CONTAINER, reserved, kubelet.numa());
            }
        }
        if (problem.isEmpty() && kubelet != null) {
            problem = problem(kubelet, topology, key);
        }
        // What is observed of the memory, nodes tell each for itself.
        boolean asDeclared = declared != null && topology.equals(declared);
        long memory = profile != null && (key.zones() == null || asDeclared)
                ? Profiles.numaMemory(profile)
                : 0;
        Shape shape = new Shape(source, topology, kubelet, key.dra(), memory, problem,
                profile != null && Profiles.allowsDefects(profile), notes);
        names.put(key, ClassNames.of(shape, profile, key.cpus()));
        return shape;
    }

    private static String problem(KubeletConfig kubelet, CpuTopology topology, Likeness key) {
        if (!kubelet.conflict().isEmpty()) {
            return "the kubelet does not start: " + kubelet.conflict();
        }
        if (kubelet.cpuManager() == CpuManager.STATIC && kubelet.reserved().isEmpty() && !key.dra()) {
            return "the kubelet does not start: the static policy needs reserved CPUs, and all " + key.cpus()
                    + " are allocatable; set kubeReserved, systemReserved or reservedSystemCPUs";
        }
        int nodes = Math.max(topology.nodeCount(), kubelet.numa().nodes().size());
        if (nodes > kubelet.numa().most() && kubelet.topologyManager() != TopologyPolicy.NONE) {
            return "the Topology Manager does not start on " + nodes + " NUMA nodes, " + kubelet.numa().most()
                    + " are its limit; set max-allowable-numa-nodes, or topologyManagerPolicy none";
        }
        return "";
    }

    private static CpuSet reserved(Likeness key, @Nullable TopologyProfile profile, CpuTopology topology) {
        CpuSet declared = profile == null ? null : Profiles.reserved(profile);
        if (declared != null) {
            Profiles.within(requireNonNull(profile), declared, topology);
            return declared;
        }
        if (key.zones() == null) {
            return key.kept() >= topology.size()
                    ? CpuSet.EMPTY
                    : KubeletNode.reserve(topology, options(profile), key.kept());
        }
        int kept = key.zones().stream().mapToInt(zone -> zone.capacity() - zone.allocatable()).sum();
        CpuSet picked = KubeletNode.reserve(topology, options(profile), kept);
        if (key.zones().stream().allMatch(zone -> picked.and(topology.cpusOfNode(zone.node()))
                .size() == zone.capacity() - zone.allocatable())) {
            return picked;
        }
        BitSet reserved = new BitSet();
        for (Zone zone : key.zones()) {
            CpuSet cpus = topology.cpusOfNode(zone.node());
            // Not what the kubelet picks: some are listed in its configuration, by cores as one would do.
            cpus.stream().boxed().sorted(Comparator.comparingInt(topology::coreOf))
                    .limit(zone.capacity() - zone.allocatable()).forEach(reserved::set);
        }
        return CpuSet.of(reserved);
    }

    private static Set<Option> options(@Nullable TopologyProfile profile) {
        KubeletConfig kubelet = profile == null ? null : Profiles.kubelet(profile, CpuSet.EMPTY);
        return kubelet == null ? Set.of() : kubelet.options();
    }

    private static boolean agrees(CpuTopology declared, Likeness key) {
        List<Zone> zones = requireNonNull(key.zones());
        return declared.nodeCount() == zones.size() && zones.stream()
                .allMatch(zone -> declared.cpusOfNode(zone.node()).size() == zone.capacity());
    }

    /** NUMA nodes are told by size alone: their CPUs are numbered one node after the other. */
    private static CpuTopology observed(Likeness key, @Nullable TopologyProfile profile) {
        List<Zone> zones = requireNonNull(key.zones());
        int threads = profile == null ? 1 : Profiles.threadsPerCore(profile);
        List<CpuTopology.Cpu> cpus = new ArrayList<>();
        for (Zone zone : zones) {
            int first = cpus.size();
            IntStream.range(first, first + zone.capacity()).forEach(cpu -> cpus.add(new CpuTopology.Cpu(cpu,
                    first + (cpu - first) / threads * threads, zone.node(), zone.node(), zone.node())));
        }
        return CpuTopology.discovered(cpus);
    }

    private static CpuTopology flat(int cpus) {
        return CpuTopology.of(List.of(CpuSet.range(0, Math.max(cpus, 1) - 1)), 1, 1, false, List.of());
    }

    /**
     * What is called alike is alike, wherever it is known from: nodes whose NUMA nodes are observed stay in their
     * class when nothing tells of them for a while.
     *
     * @param memory the least that a NUMA node was seen to have, in bytes
     */
    Map<Likeness, TopologyClass> classes(Map<Likeness, Long> memory) {
        TreeMap<String, Shape> byName = new TreeMap<>();
        shapes.forEach((key, shape) -> {
            Long seen = memory.get(key);
            byName.merge(requireNonNull(names.get(key)), seen == null || seen == 0 ? shape : shape.withMemory(seen),
                    Shape::and);
        });
        Map<String, TopologyClass> named = new HashMap<>();
        byName.forEach((name, shape) -> named.put(name, new TopologyClass(name, shape)));
        Map<Likeness, TopologyClass> classes = new LinkedHashMap<>();
        names.forEach((key, name) -> classes.put(key, requireNonNull(named.get(name))));
        return classes;
    }
}
