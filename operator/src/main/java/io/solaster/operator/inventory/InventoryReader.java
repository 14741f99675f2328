package io.solaster.operator.inventory;

import static java.util.Objects.requireNonNull;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.client.Amounts;
import io.solaster.operator.client.Unreadable;
import io.solaster.operator.inventory.ClassShapes.Likeness;
import io.solaster.operator.inventory.NodeState.OwnPods;
import io.solaster.operator.inventory.Zones.Zone;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import org.jspecify.annotations.Nullable;

/** Reads what a cluster says, node by node. For one thread. */
final class InventoryReader {
    private static final BigDecimal MILLI = new BigDecimal(1000);

    private final ClusterObjects objects;
    private final Map<String, GenericKubernetesResource> topologies = new HashMap<>();
    private final Map<String, List<ResourceSlice>> slices = new HashMap<>();
    private final Map<String, List<Pod>> pods = new HashMap<>();
    private final ClassShapes shapes = new ClassShapes();
    private final TreeMap<String, String> leftOut = new TreeMap<>();
    private @Nullable InvalidObjectException first;

    InventoryReader(ClusterObjects objects) {
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
        TreeMap<String, Likeness> keys = new TreeMap<>();
        Map<String, @Nullable Zones> observed = new HashMap<>();
        Map<Likeness, Long> memory = new HashMap<>();
        byName.forEach((name, node) -> byItself(name, () -> {
            Zones zones = zones(node);
            observed.put(name, zones);
            Likeness key = key(node, zones);
            keys.put(name, key);
            if (zones != null) {
                memory.merge(key, zones.memory(), Math::min);
            }
        }));
        Map<Likeness, TopologyClass> classes = shapes.classes(memory);
        List<NodeState> nodes = new ArrayList<>();
        keys.forEach((name, key) -> byItself(name, () -> nodes
                .add(state(requireNonNull(byName.get(name)), requireNonNull(classes.get(key)),
                        observed.get(name)))));
        return new Inventory(classes.values().stream().distinct()
                .sorted(Comparator.comparing(TopologyClass::name)).toList(), List.copyOf(nodes), leftOut,
                ProfileFinding.of(objects.profiles(), byName.values(), nodes), objects.problems());
    }

    /** What was found wrong first; null if nothing was. */
    @Nullable
    InvalidObjectException first() {
        return first;
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
            published.forEach(InventoryReader::whole);
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

    private Likeness key(Node node, @Nullable Zones zones) {
        if (node.getStatus() == null) {
            throw withoutCpus(node);
        }
        TopologyProfile profile = Profiles.of(labels(node), objects.profiles());
        if (profile != null) {
            whole(profile);
        }
        long capacity = milliCpus(node, node.getStatus().getCapacity());
        long allocatable = milliCpus(node, node.getStatus().getAllocatable());
        boolean dra = slices.containsKey(node.getMetadata().getName());
        Likeness key = new Likeness(profile == null ? "" : Profiles.name(profile), (int) (capacity / 1000),
                (int) ((capacity - allocatable + 999) / 1000),
                zones == null
                        ? null
                        : zones.zones().stream()
                                .map(zone -> new Zone(zone.node(), zone.capacity(), zone.allocatable(), 0, 0))
                                .toList(),
                zones == null ? null : zones.policy(), zones == null ? null : zones.scope(), dra);
        shapes.add(node, key, profile);
        return key;
    }

    private NodeState state(Node node, TopologyClass topologyClass, @Nullable Zones zones) {
        List<Pod> here = pods.getOrDefault(node.getMetadata().getName(), List.of());
        long allocatable = milliCpus(node, node.getStatus().getAllocatable());
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
            String service = objects.whose().apply(pod);
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

    private static long milliCpus(Node node, @Nullable Map<String, Quantity> resources) {
        if (resources == null || resources.get("cpu") == null) {
            throw withoutCpus(node);
        }
        long milli = amount(node, resources, "cpu", MILLI);
        if (milli < 0 || milli > (CpuSet.MAX_CPU + 1) * 1000L) {
            throw new InvalidObjectException("Node " + node.getMetadata().getName(), "status: cpu: '"
                    + resources.get("cpu") + "' is no number of CPUs; give nodes as 'kubectl get nodes -o yaml'"
                    + " prints them");
        }
        return milli;
    }

    private static long amount(Node node, @Nullable Map<String, Quantity> resources, String name,
            BigDecimal unit) {
        Quantity quantity = resources == null ? null : resources.get(name);
        try {
            return Amounts.of(quantity, unit);
        } catch (IllegalArgumentException e) {
            throw new InvalidObjectException("Node " + node.getMetadata().getName(),
                    "status: " + name + ": " + e.getMessage() + "; write one such as '16' or '64Gi'");
        }
    }

    private static InvalidObjectException withoutCpus(Node node) {
        return new InvalidObjectException("Node " + node.getMetadata().getName(),
                "status.capacity.cpu or status.allocatable.cpu is missing; give nodes as"
                        + " 'kubectl get nodes -o yaml' prints them");
    }
}
