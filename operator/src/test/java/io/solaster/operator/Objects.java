package io.solaster.operator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.ClusterObjects;

/** Objects of Kubernetes for tests. */
public final class Objects {
    private static final YAMLMapper YAML = new YAMLMapper();

    private Objects() {}

    /** What a driver tells of a node's CPUs, each for one of its NUMA nodes. */
    public static ResourceSlice slice(String node, String... cpus) {
        String devices = IntStream.range(0, cpus.length)
                .mapToObj(i -> ("{name: numa%d, allowMultipleAllocations: true,"
                        + " attributes: {dra.cpu/numaNodeID: {int: %d}}, capacity: {dra.cpu/cpu: {value: \"%s\"}}}")
                        .formatted(i, i, cpus[i]))
                .collect(Collectors.joining(", "));
        return yaml("{metadata: {name: " + node + "-cpu}, spec: {driver: dra.cpu, nodeName: " + node + ", pool: {name: "
                + node + ", generation: 1, resourceSliceCount: 1}, devices: [" + devices + "]}}", ResourceSlice.class);
    }

    /** A ready node. */
    public static Node node(String name, int cpus, String allocatable, String memory, Map<String, String> labels) {
        return new NodeBuilder().withNewMetadata().withName(name).withLabels(labels).endMetadata().withNewStatus()
                .withCapacity(Map.of("cpu", new Quantity(String.valueOf(cpus)), "memory", new Quantity(memory)))
                .withAllocatable(Map.of("cpu", new Quantity(allocatable), "memory", new Quantity(memory), "pods",
                        new Quantity("110")))
                .addNewCondition().withType("Ready").withStatus("True").endCondition().endStatus().build();
    }

    /** A running pod of one container, Guaranteed. */
    public static Pod pod(String name, String node, String cpus, String memory, Map<String, String> labels) {
        Map<String, Quantity> amounts = Map.of("cpu", new Quantity(cpus), "memory", new Quantity(memory));
        return new PodBuilder().withNewMetadata().withName(name).withNamespace("shop").withLabels(labels).endMetadata()
                .withNewSpec().withNodeName(node)
                .withContainers(new ContainerBuilder().withName("main").withImage("none").withNewResources()
                        .withRequests(amounts)
                        .withLimits(amounts).endResources().build())
                .endSpec().withNewStatus().withPhase("Running").endStatus().build();
    }

    /** The same pod, as the controller of a workload makes it. */
    public static Pod owned(Pod pod, HasMetadata workload) {
        boolean set = workload instanceof StatefulSet;
        PodBuilder owned = new PodBuilder(pod);
        if (!set) {
            owned.editMetadata().addToLabels("pod-template-hash", "5c8d7f").endMetadata();
        }
        return owned.editMetadata().withOwnerReferences(new OwnerReferenceBuilder().withApiVersion("apps/v1")
                .withKind(set ? "StatefulSet" : "ReplicaSet")
                .withName(workload.getMetadata().getName() + (set ? "" : "-5c8d7f"))
                .withUid(set ? workload.getMetadata().getUid() : "5c8d7f").withController(true).build())
                .endMetadata().build();
    }

    /** An object from YAML. */
    public static <T> T yaml(String yaml, Class<T> type) {
        try {
            return YAML.readValue(yaml, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** A service 'shop/kv' with this spec. */
    public static ShardedService service(String spec) {
        return service("kv", spec);
    }

    /** A service with this spec. */
    public static ShardedService service(String name, String spec) {
        return yaml("metadata: {name: " + name + ", namespace: shop}\nspec:\n" + spec.indent(2), ShardedService.class);
    }

    /** A profile with this spec. */
    public static TopologyProfile profile(String name, String spec) {
        return yaml("metadata: {name: " + name + "}\nspec:\n" + spec.indent(2), TopologyProfile.class);
    }

    /** Nodes with two NUMA nodes of 16 CPUs, single-numa-node, in scope pod. */
    public static TopologyProfile twoBy16() {
        return profile("two", """
                sockets: 2
                numaNodes: [{cpus: 0-15, memory: 64Gi}, {cpus: 16-31, memory: 64Gi}]
                reservedCPUs: 0-1
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node, topologyManagerScope: pod}
                """);
    }

    /** A NodeResourceTopology with 16 CPUs a node; the first gives up 'reserved'. */
    public static GenericKubernetesResource topology(String node, int reserved, int... available) {
        StringBuilder yaml = new StringBuilder("""
                apiVersion: topology.node.k8s.io/v1alpha2
                kind: NodeResourceTopology
                metadata: {name: %s}
                attributes: [{name: topologyManagerPolicy, value: single-numa-node}]
                zones:
                """.formatted(node));
        for (int i = 0; i < available.length; i++) {
            yaml.append("""
                    - name: node-%d
                      type: Node
                      resources:
                      - {name: cpu, capacity: "16", allocatable: "%d", available: "%d"}
                    """.formatted(i, i == 0 ? 16 - reserved : 16, available[i]));
        }
        return yaml(yaml.toString(), GenericKubernetesResource.class);
    }

    /** A cluster under construction. */
    public static final class Cluster {
        private final List<Node> nodes = new ArrayList<>();
        private List<Pod> pods = new ArrayList<>();
        private final List<GenericKubernetesResource> topologies = new ArrayList<>();
        private final List<ResourceSlice> slices = new ArrayList<>();
        private List<ResourceClaim> claims = new ArrayList<>();
        private final List<TopologyProfile> profiles = new ArrayList<>();

        public Cluster nodes(Node... more) {
            nodes.addAll(Arrays.asList(more));
            return this;
        }

        public Cluster pods(Pod... more) {
            pods.addAll(Arrays.asList(more));
            return this;
        }

        public Cluster unknownPods() {
            pods = null;
            return this;
        }

        public Cluster topologies(GenericKubernetesResource... more) {
            topologies.addAll(Arrays.asList(more));
            return this;
        }

        public Cluster slices(ResourceSlice... more) {
            slices.addAll(Arrays.asList(more));
            return this;
        }

        public Cluster claims(ResourceClaim... more) {
            claims.addAll(Arrays.asList(more));
            return this;
        }

        public Cluster unknownClaims() {
            claims = null;
            return this;
        }

        public Cluster profiles(TopologyProfile... more) {
            profiles.addAll(Arrays.asList(more));
            return this;
        }

        public ClusterObjects objects() {
            return new ClusterObjects(nodes, pods, topologies, slices, claims, profiles);
        }
    }
}
