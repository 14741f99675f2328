package io.solaster.operator.inventory;

import static io.solaster.operator.Objects.node;
import static io.solaster.operator.Objects.pod;
import static io.solaster.operator.Objects.profile;
import static io.solaster.operator.Objects.service;
import static io.solaster.operator.Objects.topology;
import static io.solaster.operator.Objects.twoBy16;
import static io.solaster.operator.Objects.yaml;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodResourceClaimBuilder;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.TopologyClass.Source;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InventoryTest {
    private static final Map<String, String> NONE = Map.of();

    @Test
    void nodesThatAreAlikeMakeAClass() {
        Inventory inventory = Inventory.of(new Cluster()
                .profiles(profile("a", "nodeSelector: {pool: a}\nkubelet: {cpuManagerPolicy: static}"),
                        profile("all", "kubelet: {cpuManagerPolicy: static}"))
                .nodes(node("n1", 8, "7", "32Gi", Map.of("pool", "a")), node("n2", 8, "7", "32Gi", Map.of("pool", "a")),
                        node("n3", 8, "6", "32Gi", Map.of("pool", "a")), node("n4", 8, "7", "32Gi", NONE))
                .objects());
        assertThat(inventory.classes()).extracting(TopologyClass::name).containsExactly("a-6c", "a-7c", "all-7c");
        assertThat(inventory.nodes()).extracting(node -> node.topologyClass().name()).containsExactly("a-7c", "a-7c",
                "a-6c", "all-7c");
        assertThat(inventory.classes()).extracting(TopologyClass::source).containsOnly(Source.Declared);
    }

    private static final String DECLARED = """
            numaNodes: [{cpus: 0-15}, {cpus: 16-31}]
            reservedCPUs: 0-1
            kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node}
            """;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            as declared, reserved CPUs included          | 0-1 | 30 |           | big
            whatever the node keeps besides              | 0-1 | 28 |           | big
            what is reserved is not declared             |     | 30 |           | big-30c
            observed as it is declared                   | 0-1 | 30 | 14 16     | big
            observed, what is reserved is not declared   |     | 30 | 15 15     | big-30c-[0-9a-f]{6}
            observed with other NUMA nodes               | 0-1 | 30 | 14 8 8    | big-30c-[0-9a-f]{6}
            """)
    void aClassIsNamedAfterWhatItsNodesAre(String what, String reserved, String allocatable, String observed,
            String name) {
        String spec = reserved == null ? DECLARED.replace("reservedCPUs: 0-1\n", "") : DECLARED;
        Cluster cluster = new Cluster().profiles(profile("big", spec)).nodes(node("n", 32, allocatable, "64Gi", NONE));
        if (observed != null) {
            cluster.topologies(zones("n", observed.split(" ")));
        }
        assertThat(names(cluster).getFirst()).as(what).matches(name);
    }

    /** The first has two CPUs that are reserved, unless both say otherwise. */
    private static GenericKubernetesResource zones(String node, String... allocatable) {
        StringBuilder yaml = new StringBuilder("metadata: {name: " + node + "}\n"
                + "attributes: [{name: topologyManagerPolicy, value: single-numa-node}]\nzones:\n");
        for (int i = 0; i < allocatable.length; i++) {
            int capacity = allocatable.length > 2 && i > 0 ? 8 : 16;
            yaml.append("- {name: node-").append(i).append(", type: Node, resources: [{name: cpu, capacity: ")
                    .append(capacity).append(", allocatable: ").append(allocatable[i]).append(", available: ")
                    .append(allocatable[i]).append("}, {name: memory, capacity: ").append(64_000_000_000L + i)
                    .append("}]}\n");
        }
        return yaml(yaml.toString(), GenericKubernetesResource.class);
    }

    private static List<String> names(Cluster cluster) {
        return Inventory.of(cluster.objects()).nodes().stream().map(node -> node.topologyClass().name()).toList();
    }

    @Test
    void nodesWithoutAProfileAreNamedAfterTheirCpus() {
        assertThat(names(new Cluster().nodes(node("a", 32, "30", "64Gi", NONE), node("b", 32, "30", "64Gi", NONE))
                .topologies(zones("b", "15", "15")))).containsExactly("32cpu", "2x32cpu");
    }

    @Test
    void otherNodesNeverChangeAName() {
        List<Node> all = List.of(node("a", 32, "30", "64Gi", NONE), node("b", 32, "29", "64Gi", NONE),
                node("c", 16, "15", "64Gi", NONE), node("d", 32, "30", "64Gi", NONE),
                node("e", 32, "30", "64Gi", NONE));
        Map<String, String> together = new HashMap<>();
        Cluster cluster = new Cluster().profiles(profile("big", DECLARED.replace("reservedCPUs: 0-1\n", "")))
                .topologies(zones("d", "14", "16"), zones("e", "15", "15")).nodes(all.toArray(new Node[0]));
        Inventory.of(cluster.objects()).nodes().forEach(each -> together.put(each.name(), each.topologyClass().name()));
        assertThat(together).containsEntry("a", "big-30c").containsEntry("d", "big-30c").containsEntry("b", "big-29c");
        assertThat(Set.copyOf(together.values())).hasSize(4);
        for (Node one : all) {
            Cluster alone = new Cluster().profiles(profile("big", DECLARED.replace("reservedCPUs: 0-1\n", "")))
                    .topologies(zones("d", "14", "16"), zones("e", "15", "15")).nodes(one);
            assertThat(names(alone)).containsExactly(together.get(one.getMetadata().getName()));
        }
    }

    @Test
    void aProfileThatIsCalledLikeAClassIsNotMistakenForIt() {
        assertThat(names(new Cluster().profiles(profile("big-30c", DECLARED)).nodes(node("a", 32, "30", "64Gi", NONE)))
                .getFirst()).matches("big-30c-[0-9a-f]{6}");
    }

    /** Nodes that were bought together differ in their memory by some pages, and NFD may lose sight of one. */
    @Test
    void nodesOfAClassMayDifferInMemoryAndInWhatIsObserved() {
        Cluster cluster = new Cluster().profiles(profile("big", DECLARED)).nodes(node("a", 32, "30", "64Gi", NONE),
                node("b", 32, "30", "64Gi", NONE), node("c", 32, "30", "64Gi", NONE))
                .topologies(zones("a", "14", "16"), zones("b", "14", "16"));
        List<TopologyClass> classes = Inventory.of(cluster.objects()).classes();
        assertThat(classes).extracting(TopologyClass::name).containsExactly("big");
        assertThat(classes.getFirst().source()).isEqualTo(Source.Declared);
        assertThat(classes.getFirst().numaMemory()).isEqualTo(64_000_000_000L);
    }

    @Test
    void reservedCpusAreDeclaredOrThoseTheKubeletPicks() {
        String nodes = "numaNodes: [{cpus: 0-15}]\nthreadsPerCore: 2\nkubelet: {cpuManagerPolicy: static}";
        assertThat(reserved(profile("p", nodes), "14")).isEqualTo(CpuSet.parse("0,8"));
        assertThat(reserved(profile("p", nodes), "15890m")).as("rounded up").isEqualTo(CpuSet.parse("0"));
        assertThat(reserved(profile("p", "reservedCPUs: 3,11\n" + nodes), "14")).isEqualTo(CpuSet.parse("3,11"));
    }

    private static CpuSet reserved(io.solaster.operator.api.TopologyProfile profile, String allocatable) {
        return Inventory.of(new Cluster().profiles(profile).nodes(node("n", 16, allocatable, "32Gi", NONE)).objects())
                .classes().getFirst().kubelet().reserved();
    }

    @Test
    void observedNumaNodesWin() {
        Cluster cluster = new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", NONE))
                .topologies(topology("n0", 2, 5, 16));
        NodeState node = Inventory.of(cluster.objects()).nodes().getFirst();
        assertThat(node.topologyClass().source()).isEqualTo(Source.Observed);
        assertThat(node.topologyClass().fresh()).containsExactly(14, 16);
        assertThat(node.cpus()).containsExactly(5, 16);
        assertThat(node.hidden()).isZero();
        Cluster other = new Cluster().profiles(profile("flat", "kubelet: {cpuManagerPolicy: static}"))
                .nodes(node("n0", 32, "30", "128Gi", NONE)).topologies(topology("n0", 2, 14, 16));
        TopologyClass seen = Inventory.of(other.objects()).classes().getFirst();
        assertThat(seen.topology().nodeCount()).isEqualTo(2);
        assertThat(seen.kubelet().topologyManager().spelled()).isEqualTo("single-numa-node");
        assertThat(seen.notes()).hasSize(2).allMatch(note -> note.startsWith("Warning: "));
    }

    @Test
    void withoutAProfileObservedNodesHaveNoKnownKubelet() {
        TopologyClass seen = Inventory.of(new Cluster().nodes(node("n0", 32, "30", "128Gi", NONE))
                .topologies(topology("n0", 2, 14, 16)).objects()).classes().getFirst();
        assertThat(seen.name()).isEqualTo("2x32cpu");
        assertThat(seen.kubelet()).isNull();
    }

    @Test
    void driversTellOfNumaNodesAndClaimsOfWhatIsTaken() {
        ResourceSlice slice = yaml("""
                metadata: {name: s}
                spec:
                  driver: dra.cpu
                  nodeName: n0
                  pool: {name: n0, generation: 1, resourceSliceCount: 1}
                  devices:
                  - name: cpudevnuma000
                    allowMultipleAllocations: true
                    attributes: {dra.cpu/numaNodeID: {int: 0}}
                    capacity: {dra.cpu/cpu: {value: "15"}}
                  - name: cpudevnuma001
                    allowMultipleAllocations: true
                    attributes: {resource.kubernetes.io/numaNode: {int: 1}}
                    capacity: {dra.cpu/cpu: {value: "15"}}
                """, ResourceSlice.class);
        ResourceClaim claim = yaml(
                """
                        metadata: {name: c, namespace: shop}
                        status:
                          allocation:
                            devices:
                              results:
                              - {driver: dra.cpu, pool: n0, device: cpudevnuma001, request: r, consumedCapacity: {dra.cpu/cpu: "8"}}
                        """,
                ResourceClaim.class);
        Cluster cluster = new Cluster().nodes(node("n0", 32, "30", "128Gi", NONE)).slices(slice).claims(claim);
        NodeState node = Inventory.of(cluster.objects()).nodes().getFirst();
        assertThat(node.topologyClass().dra()).isTrue();
        assertThat(node.cpus()).containsExactly(15, 7);
        String spec = "shards: {count: 6}\nplacement: {backend: DRA}\nreplicas: ";
        assertThat(plan(cluster, spec + 3).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(cluster, spec + 4).verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan(cluster.unknownClaims(), spec + 1).verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan(cluster, "shards: {count: 6}").classes().getFirst().reasons())
                .anyMatch(reason -> reason.contains("set spec.placement.backend DRA"));
        // What the claim of its own pod has taken is room for that pod.
        Pod own = pod("kv-0", "n0", "8", "7Gi", Map.of("solaster.io/service", "kv"));
        own.getSpec().setResourceClaims(List.of(new PodResourceClaimBuilder().withName("cpus").build()));
        Cluster running = new Cluster().nodes(node("n0", 32, "30", "128Gi", NONE)).slices(slice).claims(claim)
                .pods(own);
        String sevens = "shards: {count: 7}\nplacement: {backend: DRA}\nreplicas: ";
        assertThat(plan(running, sevens + 2).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(running, sevens + 3).verdict()).isEqualTo(Verdict.Unproven);
    }

    private static ServicePlan plan(Cluster cluster, String spec) {
        return Planner.plan(Inventory.of(cluster.objects()), List.of(service(spec))).getFirst();
    }

    @Test
    void onlyWholeCpusOfGuaranteedPodsAreTaken() {
        Pod burstable = yaml(
                """
                        metadata: {name: b, namespace: shop}
                        spec:
                          nodeName: n0
                          containers: [{name: main, resources: {requests: {cpu: 2, memory: 1Gi}, limits: {cpu: 4, memory: 1Gi}}}]
                        """,
                Pod.class);
        Pod sidecars = yaml("""
                metadata: {name: s, namespace: shop}
                spec:
                  nodeName: n0
                  initContainers:
                  - {name: once, resources: {limits: {cpu: 6, memory: 1Gi}}}
                  - {name: proxy, restartPolicy: Always, resources: {limits: {cpu: 500m, memory: 1Gi}}}
                  containers: [{name: main, resources: {limits: {cpu: 4, memory: 1Gi}}}]
                """, Pod.class);
        Pod gone = yaml(
                "{metadata: {name: g, namespace: shop}, spec: {nodeName: n0, containers: []}, status: {phase: Failed}}",
                Pod.class);
        NodeState node = Inventory.of(new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", NONE))
                .pods(pod("whole", "n0", "3", "1Gi", NONE), pod("half", "n0", "1500m", "1Gi", NONE), burstable,
                        sidecars,
                        gone)
                .objects()).nodes().getFirst();
        assertThat(node.hidden()).as("3 and the most of 6 and 4").isEqualTo(9);
        assertThat(node.milliCpus()).isEqualTo(30_000 - 3_000 - 1_500 - 2_000 - 6_000);
        assertThat(node.pods()).isEqualTo(106);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {numaNodes: [{cpus: 0-x}]}          | numaNodes[0].cpus: '0-x' is no CPU list
            {numaNodes: [{memory: 1Gi}]}        | numaNodes[0].cpus is missing
            {numaNodes: [{cpus: 0-7}, {cpus: 7-14}]} | CPU 7 is there twice
            {numaNodes: [{cpus: 0-7, memory: "1e999999999"}]} | numaNodes[].memory: '1e999999999' is no amount
            {numaNodes: [{cpus: 0-7, memory: much}]} | numaNodes[].memory: 'much' is no amount
            {threadsPerCore: 3}                 | '0-7' are 8 CPUs, which make no whole cores of 3 threads
            {threadsPerCore: 0}                 | threadsPerCore: 0 is out of range
            {sockets: 3, numaNodes: [{cpus: 0-3}, {cpus: 4-7}]} | sockets: 3 for 2 NUMA nodes
            {l3Groups: [0-3]}                   | l3Groups: CPU 4 is in none of them
            {reservedCPUs: "9"}                 | reservedCPUs: '9' has CPUs that no NUMA node has (9)
            {kubelet: {cpuManagerPolicy: statik}} | kubelet.cpuManagerPolicy: 'statik' is unknown; write one of none, static
            {kubelet: {topologyManagerPolicy: one}} | write one of none, best-effort, restricted, single-numa-node
            {kubelet: {cpuManagerPolicyOptions: {full-pcpus-only: "sure"}}} | full-pcpus-only: 'sure' is neither true nor false
            {kubelet: {cpuManagerPolicyOptions: {full-cpus: "true"}}} | kubelet.cpuManagerPolicyOptions: 'full-cpus' is unknown
            """)
    void whatAProfileGetsWrongIsNamed(String spec, String message) {
        Cluster cluster = new Cluster().profiles(profile("p", spec)).nodes(node("n", 8, "7", "32Gi", NONE));
        assertThatThrownBy(() -> Inventory.of(cluster.objects())).isInstanceOf(InvalidObjectException.class)
                .hasMessageStartingWith("TopologyProfile p: ").hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {numaNodes: [{cpus: 0-15}]}  | 7 | TopologyProfile p lists 16 CPUs, node n has 8
            {kubelet: {cpuManagerPolicy: static}} | 8 | the static policy needs reserved CPUs, and all 8 are allocatable
            {kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node, cpuManagerPolicyOptions: {align-by-socket: "true"}}} | 7 | align-by-socket does not go with
            {kubelet: {cpuManagerPolicy: static, cpuManagerPolicyOptions: {prefer-align-cpus-by-uncorecache: "true", distribute-cpus-across-numa: "true"}}} | 7 | leave one out
            """)
    void kubeletsThatDoNotStartTakeNoPods(String spec, String allocatable, String problem) {
        Cluster cluster = new Cluster().profiles(profile("p", spec)).nodes(node("n", 8, allocatable, "32Gi", NONE));
        assertThat(Inventory.of(cluster.objects()).classes().getFirst().problem()).contains(problem);
        assertThat(plan(cluster, "shards: {count: 1}").verdict()).isEqualTo(Verdict.Infeasible);
    }

    @Test
    void brokenNodesAndPodsAreNamed() {
        assertThatThrownBy(() -> Inventory.of(new Cluster().nodes(node("n0", 8, "some", "32Gi", NONE)).objects()))
                .hasMessage("Node n0: status: cpu: 'some' is no quantity; write one such as '16' or '64Gi'");
        assertThatThrownBy(() -> Inventory.of(new Cluster().nodes(yaml("metadata: {name: n0}", Node.class)).objects()))
                .hasMessageStartingWith("Node n0: status.capacity.cpu or status.allocatable.cpu is missing");
        assertThatThrownBy(() -> Inventory.of(new Cluster().nodes(node("n0", 8, "7", "32Gi", NONE))
                .pods(pod("p", "n0", "some", "1Gi", NONE)).objects()))
                .hasMessageStartingWith("Pod shop/p: spec.containers[].resources: ");
    }

    @Test
    void brokenObservationsAreNamed() {
        GenericKubernetesResource broken = yaml("""
                metadata: {name: n0}
                zones: [{name: zero, type: Node, resources: [{name: cpu, allocatable: 1}]}]
                """, GenericKubernetesResource.class);
        assertThatThrownBy(() -> Inventory.of(
                new Cluster().nodes(node("n0", 8, "7", "32Gi", NONE)).topologies(broken).objects()))
                .hasMessageStartingWith("NodeResourceTopology n0: zones[].name: 'zero'");
    }
}
