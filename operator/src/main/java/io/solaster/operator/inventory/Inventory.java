package io.solaster.operator.inventory;

import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.inventory.NodeState.OwnPods;
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

/**
 * What a cluster has: its nodes with what is free on them, grouped into classes of nodes that are alike. Immutable; any
 * thread may use it.
 */
public final class Inventory {
    private static final BigDecimal MILLI = new BigDecimal(1000);

    private final List<TopologyClass> classes;
    private final List<NodeState> nodes;
    private final SortedMap<String, String> leftOut;
    private final List<ProfileFinding> profiles;

    private Inventory(List<TopologyClass> classes, List<NodeState> nodes, SortedMap<String, String> leftOut,
            List<ProfileFinding> profiles) {
        this.classes = classes;
        this.nodes = nodes;
        this.leftOut = leftOut;
        this.profiles = profiles;
    }

    /**
     * Reads what a cluster says, all of which must be right: it was handed in by whoever can mend it.
     *
     * @throws InvalidObjectException naming the object, the value and the fix
     */
    public static Inventory of(ClusterObjects objects) {
        Reader reader = new Reader(objects);
        Inventory inventory = reader.read();
        if (reader.first != null) {
            throw reader.first;
        }
        return inventory;
    }

    /**
     * Reads what a cluster says, as far as it can be read: a node of which something is wrong, be it a profile, a pod or the
     * node itself, is {@link #leftOut}, and all others are as ever.
     */
    public static Inventory ofWhatIsRight(ClusterObjects objects) {
        return new Reader(objects).read();
    }

    /** Whether two versions of a pod ask for the same, as the scheduler counts it; which may change while the pod runs. */
    public static boolean sameRequests(Pod before, Pod now) {
        return Requests.same(before, now);
    }

    /** The nodes that nothing can be planned on since something about them is wrong, by name, with what that is. */
    public SortedMap<String, String> leftOut() {
        return leftOut;
    }

    /** What has come of the profiles, by name. */
    public List<ProfileFinding> profiles() {
        return profiles;
    }

    /** The classes, by name. */
    public List<TopologyClass> classes() {
        return classes;
    }

    /** The nodes, by name. */
    public List<NodeState> nodes() {
        return nodes;
    }

    /**
     * What makes nodes alike.
     *
     * @param profile the profile's name; empty without one
     * @param cpus CPUs in all
     * @param kept whole CPUs that the node keeps from allocation
     * @param zones NUMA nodes, as they are observed, with nothing of what is available, nor of their memory: machines
     * that were bought together differ in it by a little
     */
    private record Key(String profile, int cpus, int kept, @Nullable List<Zone> zones, @Nullable String policy,
            @Nullable String scope, boolean dra) {}

    private static final class Reader {
        private final ClusterObjects objects;
        private final Map<String, GenericKubernetesResource> topologies = new HashMap<>();
        private final Map<String, List<ResourceSlice>> slices = new HashMap<>();
        private final Map<String, List<Pod>> pods = new HashMap<>();
        private final Map<Key, Shape> shapes = new LinkedHashMap<>();
        private final Map<Key, String> names = new HashMap<>();
        private final TreeMap<String, String> leftOut = new TreeMap<>();
        private @Nullable InvalidObjectException first;

        Reader(ClusterObjects objects) {
            this.objects = objects;
            objects.topologies().forEach(topology -> topologies.put(topology.getMetadata().getName(), topology));
            for (ResourceSlice slice : objects.slices()) {
                if (slice.getSpec() != null && Zones.CPU_DRIVER.equals(slice.getSpec().getDriver())
                        && slice.getSpec().getNodeName() != null) {
                    slices.computeIfAbsent(slice.getSpec().getNodeName(), node -> new ArrayList<>()).add(slice);
                }
            }
            if (objects.pods() != null) {
                for (Pod pod : objects.pods()) {
                    String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
                    if (pod.getSpec() != null && pod.getSpec().getNodeName() != null && !"Succeeded".equals(phase)
                            && !"Failed".equals(phase)) {
                        pods.computeIfAbsent(pod.getSpec().getNodeName(), node -> new ArrayList<>()).add(pod);
                    }
                }
            }
        }

        Inventory read() {
            TreeMap<String, Node> byName = new TreeMap<>();
            objects.nodes().forEach(node -> byName.put(node.getMetadata().getName(), node));
            TreeMap<String, Key> keys = new TreeMap<>();
            Map<String, @Nullable Zones> observed = new HashMap<>();
            Map<Key, Long> memory = new HashMap<>();
            byName.forEach((name, node) -> byItself(name, () -> {
                Zones zones = zones(node);
                observed.put(name, zones);
                Key key = key(node, zones);
                keys.put(name, key);
                if (zones != null) {
                    memory.merge(key, zones.memory(), Math::min);
                }
            }));
            Map<Key, TopologyClass> classes = classes(memory);
            List<NodeState> nodes = new ArrayList<>();
            keys.forEach((name, key) -> byItself(name, () -> nodes
                    .add(state(requireNonNull(byName.get(name)), requireNonNull(classes.get(key)),
                            observed.get(name)))));
            return new Inventory(classes.values().stream().distinct()
                    .sorted(Comparator.comparing(TopologyClass::name)).toList(), List.copyOf(nodes), leftOut,
                    ProfileFinding.of(objects.profiles(), byName.values(), nodes));
        }

        /** What is wrong about a node keeps no other from being read. */
        private void byItself(String node, Runnable read) {
            try {
                read.run();
            } catch (InvalidObjectException e) {
                first = first == null ? e : first;
                leftOut.put(node, String.valueOf(e.getMessage()));
            } catch (ArithmeticException | ClassCastException | NullPointerException | IllegalArgumentException e) {
                // What an API server would not have let in, and nobody has foreseen.
                InvalidObjectException odd = new InvalidObjectException("Node " + node,
                        "what the cluster tells of it makes no sense (" + e + "); look at its NodeResourceTopology,"
                                + " ResourceSlices and pods");
                first = first == null ? odd : first;
                leftOut.put(node, String.valueOf(odd.getMessage()));
            }
        }

        private @Nullable Zones zones(Node node) {
            String name = node.getMetadata().getName();
            whole(node);
            List<ResourceSlice> published = slices.get(name);
            if (published != null) {
                published.forEach(Reader::whole);
                return Zones.of(published, objects.claims());
            }
            GenericKubernetesResource topology = topologies.get(name);
            if (topology != null) {
                whole(topology);
            }
            Zones zones = topology == null ? null : Zones.of(topology);
            return zones == null || zones.zones().isEmpty() ? null : zones;
        }

        /** @throws InvalidObjectException if a part of an object could not be read */
        private static void whole(HasMetadata object) {
            String unread = Unreadable.of(object);
            if (!unread.isEmpty()) {
                throw new InvalidObjectException(Unreadable.name(object), "cannot be read whole: " + unread);
            }
        }

        private Key key(Node node, @Nullable Zones zones) {
            if (node.getStatus() == null) {
                throw withoutCpus(node);
            }
            TopologyProfile profile = Profiles.of(labels(node), objects.profiles());
            if (profile != null) {
                whole(profile);
            }
            long capacity = amount(node, node.getStatus().getCapacity(), "cpu", MILLI);
            long allocatable = amount(node, node.getStatus().getAllocatable(), "cpu", MILLI);
            boolean dra = slices.containsKey(node.getMetadata().getName());
            Key key = new Key(profile == null ? "" : Profiles.name(profile), (int) (capacity / 1000),
                    (int) ((capacity - allocatable + 999) / 1000),
                    zones == null
                            ? null
                            : zones.zones().stream()
                                    .map(zone -> new Zone(zone.node(), zone.capacity(), zone.allocatable(), 0, 0))
                                    .toList(),
                    zones == null ? null : zones.policy(), zones == null ? null : zones.scope(), dra);
            if (!shapes.containsKey(key)) {
                shapes.put(key, shape(node, key, profile));
            }
            return key;
        }

        private Shape shape(Node node, Key key, @Nullable TopologyProfile profile) {
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

        private static String problem(KubeletConfig kubelet, CpuTopology topology, Key key) {
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

        private static CpuSet reserved(Key key, @Nullable TopologyProfile profile, CpuTopology topology) {
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

        private static boolean agrees(CpuTopology declared, Key key) {
            List<Zone> zones = requireNonNull(key.zones());
            return declared.nodeCount() == zones.size() && zones.stream()
                    .allMatch(zone -> declared.cpusOfNode(zone.node()).size() == zone.capacity());
        }

        /** NUMA nodes are told by size alone: their CPUs are numbered one node after the other. */
        private static CpuTopology observed(Key key, @Nullable TopologyProfile profile) {
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
        private Map<Key, TopologyClass> classes(Map<Key, Long> memory) {
            TreeMap<String, Shape> byName = new TreeMap<>();
            shapes.forEach((key, shape) -> {
                Long seen = memory.get(key);
                byName.merge(requireNonNull(names.get(key)), seen == null || seen == 0 ? shape : shape.withMemory(seen),
                        Shape::and);
            });
            Map<String, TopologyClass> named = new HashMap<>();
            byName.forEach((name, shape) -> named.put(name, new TopologyClass(name, shape)));
            Map<Key, TopologyClass> classes = new LinkedHashMap<>();
            names.forEach((key, name) -> classes.put(key, requireNonNull(named.get(name))));
            return classes;
        }

        private NodeState state(Node node, TopologyClass topologyClass, @Nullable Zones zones) {
            List<Pod> here = pods.getOrDefault(node.getMetadata().getName(), List.of());
            long allocatable = amount(node, node.getStatus().getAllocatable(), "cpu", MILLI);
            long milli = allocatable;
            long daemons = 0;
            long memory = amount(node, node.getStatus().getAllocatable(), "memory", BigDecimal.ONE);
            long huge = amount(node, node.getStatus().getAllocatable(), Requests.HUGE_PAGES, BigDecimal.ONE);
            long room = amount(node, node.getStatus().getAllocatable(), "pods", BigDecimal.ONE);
            room = room == 0 ? 110 : room;
            long[] all = {memory, huge};
            int exclusive = 0;
            Map<String, OwnPods> own = new HashMap<>();
            boolean pinned = topologyClass.kubelet() != null
                    && topologyClass.kubelet().cpuManager() == CpuManager.STATIC;
            for (Pod pod : here) {
                whole(pod);
                Requests.check(pod);
                long asked = Requests.milliCpus(pod);
                milli -= asked;
                memory -= Requests.memory(pod);
                huge -= Requests.hugePages(pod);
                room--;
                daemons += isDaemon(pod) ? asked : 0;
                int cpus = pinned && (!topologyClass.dra() || Requests.claims(pod))
                        ? Requests.exclusive(pod).exclusive()
                        : 0;
                String service = service(pod);
                if (service == null) {
                    exclusive += cpus;
                } else {
                    own.merge(service, new OwnPods(List.of(cpus), asked, Requests.memory(pod),
                            Requests.hugePages(pod)), OwnPods::and);
                }
            }
            int[] cpus = topologyClass.fresh();
            boolean occupied = objects.pods() != null;
            int hidden = 0;
            if (zones != null) {
                int[] ids = topologyClass.topology().nodes();
                for (Zone zone : zones.zones()) {
                    int i = Arrays.binarySearch(ids, zone.node());
                    cpus[i] = Math.min(cpus[i], zone.available());
                }
                if (objects.pods() == null) {
                    milli = Math.min(milli, Arrays.stream(cpus).sum() * 1000L);
                }
                // What a driver has handed out is told by its claims alone.
                occupied = !topologyClass.dra() || objects.claims() != null;
            } else {
                // Its own pods are hidden too; whoever plans their service adds them back.
                hidden = exclusive + own.values().stream().flatMap(pods -> pods.cpus().stream())
                        .mapToInt(Integer::intValue).sum();
            }
            return new NodeState(node.getMetadata().getName(), topologyClass, labels(node), taints(node), away(node),
                    milli, daemons, allocatable, memory, huge, all[0] - memory, all[1] - huge, (int) room, cpus, hidden,
                    occupied, zones != null,
                    Map.copyOf(own));
        }

        private static @Nullable String service(Pod pod) {
            Map<String, String> labels = pod.getMetadata().getLabels();
            String name = labels == null ? null : labels.get(ShardedService.LABEL);
            return name == null ? null : pod.getMetadata().getNamespace() + "/" + name;
        }

        private static boolean isDaemon(Pod pod) {
            return pod.getMetadata().getOwnerReferences() != null && pod.getMetadata().getOwnerReferences().stream()
                    .anyMatch(owner -> "DaemonSet".equals(owner.getKind()));
        }

        private static Map<String, String> labels(Node node) {
            return node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
        }

        private static List<Taint> taints(Node node) {
            return node.getSpec() == null || node.getSpec().getTaints() == null
                    ? List.of()
                    : node.getSpec().getTaints();
        }

        private static String away(Node node) {
            if (node.getSpec() != null && Boolean.TRUE.equals(node.getSpec().getUnschedulable())) {
                return "cordoned";
            }
            List<NodeCondition> conditions = node.getStatus().getConditions();
            boolean ready = conditions == null || conditions.isEmpty() || conditions.stream()
                    .anyMatch(condition -> "Ready".equals(condition.getType()) && "True".equals(condition.getStatus()));
            return ready ? "" : "not ready";
        }

        private static long amount(Node node, @Nullable Map<String, Quantity> resources, String name,
                BigDecimal unit) {
            Quantity quantity = resources == null ? null : resources.get(name);
            if (quantity == null && name.equals("cpu")) {
                throw withoutCpus(node);
            }
            try {
                return Requests.amount(quantity, unit);
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw new InvalidObjectException("Node " + node.getMetadata().getName(), "status: " + name + ": '"
                        + quantity + "' is no quantity; write one such as '16' or '64Gi'");
            }
        }

        private static InvalidObjectException withoutCpus(Node node) {
            return new InvalidObjectException("Node " + node.getMetadata().getName(),
                    "status.capacity.cpu or status.allocatable.cpu is missing; give nodes as"
                            + " 'kubectl get nodes -o yaml' prints them");
        }
    }
}
