package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is planned on nodes from 4 to 384 CPUs, of 1 to 8 NUMA nodes, with and without SMT, with cores reserved. */
class NodeShapesTest {
    private static final int NODES = 2;
    /** So many the kubelet runs at most. */
    private static final int PODS = 110;

    /**
     * A kind of node.
     *
     * @param numaNodes its NUMA nodes
     * @param cores cores of each
     * @param threads threads of a core
     * @param reserved cores that are reserved, on the first NUMA node
     * @param split whether second threads are numbered after all first ones
     */
    private record Shape(int numaNodes, int cores, int threads, int reserved, boolean split) {
        int cpus() {
            return numaNodes * cores * threads;
        }

        int allocatable() {
            return cpus() - reserved * threads;
        }

        private String cpus(int first, int count) {
            if (!split || threads == 1) {
                return first * threads + "-" + ((first + count) * threads - 1);
            }
            int half = numaNodes * cores;
            return first + "-" + (first + count - 1) + "," + (half + first) + "-" + (half + first + count - 1);
        }

        Inventory inventory(String policy, String memory, Node... nodes) {
            String numa = IntStream.range(0, numaNodes)
                    .mapToObj(i -> "{cpus: \"" + cpus(i * cores, cores) + "\"" + memory + "}")
                    .collect(Collectors.joining(", "));
            List<Node> all = new ArrayList<>(Arrays.asList(nodes));
            for (int i = 0; all.size() < NODES; i++) {
                all.add(Objects.node("n" + i, cpus(), String.valueOf(allocatable()), "4Ti", Map.of()));
            }
            return Inventory.of(new Cluster().nodes(all.toArray(new Node[0])).profiles(Objects.profile("shape", """
                    sockets: %d
                    numaNodes: [%s]
                    threadsPerCore: %d
                    threadNumbering: %s
                    reservedCPUs: "%s"
                    kubelet:
                      cpuManagerPolicy: static
                      cpuManagerPolicyOptions: {full-pcpus-only: "true"}
                      topologyManagerPolicy: %s
                      topologyManagerScope: pod
                    """.formatted(numaNodes > 1 ? 2 : 1, numa, threads, split ? "Split" : "Adjacent",
                    cpus(0, reserved), policy))).objects());
        }
    }

    static Stream<Shape> shapes() {
        List<Shape> shapes = new ArrayList<>();
        for (int numaNodes : new int[]{1, 2, 4, 8}) {
            for (int cores : new int[]{2, 3, 4, 8, 12, 16, 24, 48, 96, 192, 384}) {
                for (int threads = 1; threads <= 2; threads++) {
                    int cpus = numaNodes * cores * threads;
                    for (int reserved = 1; reserved <= 2 && reserved < cores && cpus >= 4 && cpus <= 384; reserved++) {
                        shapes.add(new Shape(numaNodes, cores, threads, reserved, (cores + reserved) % 2 == 0));
                    }
                }
            }
        }
        return shapes.stream();
    }

    /** Every eleventh: all of them take long. */
    static Stream<Shape> someShapes() {
        List<Shape> shapes = shapes().toList();
        return IntStream.range(0, shapes.size()).filter(i -> i % 11 == 0).mapToObj(shapes::get);
    }

    private static ClassPlan only(ServicePlan plan) {
        assertThat(plan.verdict()).as("%s", plan).isEqualTo(Verdict.Feasible);
        assertThat(plan.classes()).hasSize(1);
        return plan.classes().getFirst();
    }

    private static ServicePlan plan(Inventory inventory, String spec) {
        return Planner.plan(inventory, List.of(Objects.service(spec))).getFirst();
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("shapes")
    void soItIsOnEveryShape(Shape shape) {
        aPodPerNumaNodeTakesWhatThePoorestHas(shape);
        aPodFillsANode(shape);
        podsOfAFixedSizeAreNeitherSplitNorMoreThanFit(shape);
    }

    @Test
    void theShapesReachFrom4To384Cpus() {
        assertThat(shapes().mapToInt(Shape::cpus).min()).hasValue(4);
        assertThat(shapes().mapToInt(Shape::cpus).max()).hasValue(384);
    }

    @ParameterizedTest
    @MethodSource("someShapes")
    void aPodPerNumaNodeTakesWhatThePoorestHas(Shape shape) {
        Inventory inventory = shape.inventory("single-numa-node", "");
        ClassPlan plan = only(plan(inventory, "shards: {mode: PerNuma}"));
        int poorest = (shape.cores() - shape.reserved()) * shape.threads();
        int perNode = 1 + (shape.numaNodes() - 1) * (shape.cores() / (shape.cores() - shape.reserved()));
        assertThat(plan.podCpus()).isEqualTo(poorest);
        assertThat(plan.replicas()).isEqualTo(NODES * perNode);
        assertThat(plan.numaNodes()).isEqualTo(1);
        assertThat(plan.shards()).isBetween(1, poorest / shape.threads());
        admitsAll(inventory, plan, perNode, true);
    }

    @ParameterizedTest
    @MethodSource("someShapes")
    void aPodFillsANode(Shape shape) {
        Inventory inventory = shape.inventory("best-effort", "");
        ClassPlan plan = only(plan(inventory, "shards: {mode: FillNode}\nplacement: {shardPer: Thread}"));
        assertThat(plan.podCpus()).isEqualTo(shape.allocatable());
        assertThat(plan.replicas()).isEqualTo(NODES);
        assertThat(plan.strandedCpus()).isZero();
        assertThat(plan.numaNodes()).isEqualTo(shape.numaNodes());
        admitsAll(inventory, plan, 1, false);
        ClassPlan bounded = only(plan(inventory, "shards: {mode: FillNode, max: 2}"));
        assertThat(bounded.shards()).isLessThanOrEqualTo(2);
        assertThat(bounded.podCpus()).isLessThanOrEqualTo(shape.allocatable());
    }

    @ParameterizedTest
    @MethodSource("someShapes")
    void podsOfAFixedSizeAreNeitherSplitNorMoreThanFit(Shape shape) {
        Inventory inventory = shape.inventory("single-numa-node", "");
        for (int shards : new int[]{1, 2, 5, 11, 40}) {
            ServicePlan plan = plan(inventory, "shards: {count: " + shards + "}");
            ClassPlan there = plan.classes().getFirst();
            int pods = there.podCpus() == 0 ? 0 : shape.cores() * shape.threads() / there.podCpus();
            if (pods == 0) {
                // Only a NUMA node with all its cores holds it, or none does.
                assertThat(plan.verdict()).as("%s", plan).isEqualTo(Verdict.Infeasible);
                continue;
            }
            int first = (shape.cores() - shape.reserved()) * shape.threads() / there.podCpus();
            int cpus = first + (shape.numaNodes() - 1) * pods;
            int perNode = Math.min(cpus, PODS);
            assertThat(there.capacity()).as("%s", plan).isEqualTo(NODES * perNode);
            assertThat(there.capacity() * there.podCpus()).isLessThanOrEqualTo(NODES * shape.allocatable());
            assertThat(there.podCpus() % shape.threads()).as("whole cores").isZero();
            if (perNode > 0) {
                assertThat(there.numaNodes()).isEqualTo(1);
                assertThat(there.shards()).isEqualTo(shards);
                admitsAll(inventory, there, cpus, true);
            }
        }
    }

    /** The simulated kubelet lets in what was planned, on CPUs that are not reserved, and no more. */
    private static void admitsAll(Inventory inventory, ClassPlan plan, int perNode, boolean single) {
        TopologyClass machine = inventory.classes().getFirst();
        KubeletNode node = machine.freshNode();
        for (int i = 0; i < perNode; i++) {
            var admission = node.admit(plan.podCpus());
            assertThat(admission.admitted()).as("%s: pod %d of %s", machine.topology(), i, plan).isTrue();
            var cpus = admission.cpus().getFirst();
            assertThat(cpus.and(machine.kubelet().reserved()).isEmpty()).isTrue();
            if (single) {
                assertThat(cpus.stream().map(machine.topology()::nodeOf).distinct().count()).isEqualTo(1);
            }
        }
        assertThat(node.admit(plan.podCpus()).admitted()).as("%s: one more than %s", machine.topology(), plan)
                .isFalse();
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "2, 1", "2, 2", "4, 1", "4, 2", "8, 1"})
    void moreCoresNeverHoldLessOnOtherNodes(int numaNodes, int threads) {
        moreCoresNeverHoldLess(numaNodes, threads);
    }

    @ParameterizedTest
    @CsvSource("8, 2")
    void moreCoresNeverHoldLess(int numaNodes, int threads) {
        int capacity = 0;
        int filled = 0;
        int perNuma = 0;
        for (int cores = 3; cores * numaNodes * threads <= 384; cores += 1 + cores / 8) {
            Shape shape = new Shape(numaNodes, cores, threads, 1, true);
            Inventory inventory = shape.inventory("single-numa-node", "");
            int now = plan(inventory, "shards: {count: 2}").classes().getFirst().capacity();
            assertThat(now).as("%s", shape).isGreaterThanOrEqualTo(capacity);
            capacity = now;
            now = only(plan(inventory, "shards: {mode: PerNuma}")).shards();
            assertThat(now).as("%s", shape).isGreaterThanOrEqualTo(perNuma);
            perNuma = now;
            now = only(plan(shape.inventory("best-effort", ""), "shards: {mode: FillNode}")).shards();
            assertThat(now).as("%s", shape).isGreaterThanOrEqualTo(filled);
            filled = now;
        }
    }

    @Test
    void memoryGoesByTheShardsAndMustFitANumaNode() {
        Shape shape = new Shape(2, 8, 2, 1, true);
        Inventory inventory = shape.inventory("single-numa-node", ", memory: 16Gi");
        ClassPlan fits = only(plan(inventory, "shards: {mode: PerNuma}\nmemory: {perShard: 2Gi}"));
        assertThat(fits.podMemory()).isEqualTo(fits.shards() * (2L << 30));
        ServicePlan much = plan(inventory, "shards: {mode: PerNuma}\nmemory: {perShard: 4Gi}");
        assertThat(much.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(much.classes().getFirst().reasons()).anyMatch(
                reason -> reason.contains("a NUMA node has 16Gi; set spec.memory.perShard to at most"));
        // A pod that fills the node has the memory of all NUMA nodes.
        ClassPlan fills = only(plan(shape.inventory("best-effort", ", memory: 16Gi"),
                "shards: {mode: FillNode}\nmemory: {perShard: 2Gi}"));
        assertThat(fills.podMemory()).isGreaterThan(16L << 30);
    }

    @Test
    void hugePagesAreCountedAndLieOnTheSameNumaNode() {
        Shape shape = new Shape(2, 8, 1, 1, true);
        Node[] nodes = IntStream.range(0, NODES).mapToObj(i -> new NodeBuilder(
                Objects.node("n" + i, shape.cpus(), String.valueOf(shape.allocatable()), "64Gi", Map.of())).editStatus()
                .addToAllocatable("hugepages-2Mi", new Quantity("5Gi")).endStatus().build()).toArray(Node[]::new);
        Inventory inventory = shape.inventory("single-numa-node", ", memory: 32Gi", nodes);
        String spec = "shards: {count: 2}\nreplicas: %d\nmemory: {perShard: 1Gi, hugePages: 1Gi}";
        ClassPlan plan = only(plan(inventory, spec.formatted(4)));
        assertThat(plan.podHugePages()).isEqualTo(2L << 30);
        assertThat(plan.capacity()).as("two pods of 2Gi on each node of 5Gi").isEqualTo(4);
        assertThat(plan(inventory, spec.formatted(5)).verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan(shape.inventory("single-numa-node", ""), spec.formatted(1)).verdict())
                .as("nodes without any").isEqualTo(Verdict.Infeasible);
        ServicePlan together = plan(inventory, "shards: {count: 7}\nmemory: {perShard: 3Gi, hugePages: 2Gi}");
        assertThat(together.classes().getFirst().reasons())
                .anyMatch(reason -> reason.contains("35Gi asked, a NUMA node has 32Gi"));
    }
}
