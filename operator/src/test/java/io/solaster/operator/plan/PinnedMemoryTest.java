package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.kubelet.PodCpus;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans on nodes whose kubelet pins memory to NUMA nodes. */
class PinnedMemoryTest {
    private static final long GIB = 1L << 30;
    private static final String PROFILE = """
            sockets: 2
            numaNodes: [{cpus: 0-15, memory: 40Gi, hugepages: {2Mi: 8Gi}}, {cpus: 16-31, memory: 40Gi, hugepages: {2Mi: 4Gi}}]
            reservedCPUs: "0"
            kubelet:
              cpuManagerPolicy: static
              topologyManagerPolicy: %s
              topologyManagerScope: pod
              memoryManagerPolicy: Static
              reservedMemory: [{numaNode: 0, limits: {memory: 2Gi}}]
            """;

    private static Node node(int cpus) {
        return new NodeBuilder(Objects.node("n", cpus, String.valueOf(cpus - 1), "256Gi", Map.of())).editStatus()
                .addToAllocatable("hugepages-2Mi", new Quantity("64Gi")).endStatus().build();
    }

    private static ServicePlan plan(String profile, String spec) {
        return Planner.plan(Inventory.of(new Cluster().profiles(Objects.profile("big", profile)).nodes(node(32))
                .objects()), List.of(Objects.service(spec))).getFirst();
    }

    @Test
    void aNumaNodeHoldsAsManyPodsAsItsMemoryDoes() {
        // By CPUs three a NUMA node; 30 and 36 GiB are beside huge pages and what is reserved.
        ServicePlan plan = plan(PROFILE.formatted("single-numa-node"), "shards: {count: 4}\nmemory: {perShard: 5Gi}");
        assertThat(plan.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan.classes().getFirst().capacity()).isEqualTo(2);
        assertThat(plan(PROFILE.formatted("single-numa-node"),
                "replicas: 3\nshards: {count: 4}\nmemory: {perShard: 5Gi}").verdict()).isEqualTo(Verdict.Infeasible);
        ServicePlan pages = plan(PROFILE.formatted("single-numa-node"),
                "shards: {count: 4}\nmemory: {perShard: 1Gi, hugePages: 1Gi}");
        assertThat(pages.classes().getFirst().capacity()).as("of 8 and 4 GiB of pages").isEqualTo(3);
    }

    @Test
    void aPodThatNoNumaNodeHoldsIsRefusedWithTheArithmetic() {
        ServicePlan plan = plan(PROFILE.formatted("single-numa-node"),
                "shards: {count: 4}\nmemory: {perShard: 9500Mi}");
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.classes().getFirst().reasons()).anyMatch(reason -> reason.startsWith("No pod fits on nodes of"
                + " class big: 38000Mi and 0 of huge pages asked, the NUMA node with most has 36Gi and 4Gi to give"));
    }

    @Test
    void whatMayComeToLieApartIsUnproven() {
        ServicePlan plan = plan(PROFILE.formatted("best-effort"), "shards: {count: 4}\nplacement: {numa: Any}");
        assertThat(plan.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan.classes().getFirst().reasons())
                .anyMatch(reason -> reason.startsWith("Unproven: memoryManagerPolicy Static refuses pods"));
    }

    @Test
    void aNumaNodeWithMemoryAloneHoldsNoPods() {
        String profile = """
                numaNodes: [{cpus: 0-31, memory: 40Gi}, {cpus: "", memory: 200Gi}]
                reservedCPUs: "0"
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node, memoryManagerPolicy: Static,
                  reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]}
                """;
        ServicePlan plan = plan(profile, "shards: {count: 4}\nmemory: {perShard: 5Gi}");
        assertThat(plan.classes().getFirst().capacity()).isEqualTo(1);
        assertThat(plan.classes().getFirst().numaNodes()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void everyPodThatWasPromisedIsLetIn(long seed) {
        Random random = new Random(seed);
        int promised = 0;
        for (int i = 0; i < 150; i++) {
            promised += play(random);
        }
        assertThat(promised).isGreaterThan(20);
    }

    private static int play(Random random) {
        int nodes = 1 + random.nextInt(3);
        int cpus = 4 + 2 * random.nextInt(6);
        String policy = List.of("none", "best-effort", "restricted", "single-numa-node", "single-numa-node")
                .get(random.nextInt(5));
        String profile = "sockets: " + nodes + "\nnumaNodes: [" + IntStream.range(0, nodes)
                .mapToObj(n -> "{cpus: " + n * cpus + "-" + (n * cpus + cpus - 1) + ", memory: "
                        + (8 + random.nextInt(24))
                        + "Gi, hugepages: {2Mi: " + random.nextInt(6) + "Gi}}")
                .collect(Collectors.joining(", ")) + (random.nextInt(4) == 0 ? ", {cpus: \"\", memory: 16Gi}" : "")
                + "]\nreservedCPUs: \"0\"\nkubelet: {cpuManagerPolicy: static, topologyManagerPolicy: " + policy
                + ", topologyManagerScope: pod, memoryManagerPolicy: Static,"
                + " reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]}";
        Cluster cluster = new Cluster().profiles(Objects.profile("big", profile)).nodes(node(nodes * cpus));
        KubeletNode kubelet = Inventory.of(cluster.objects()).classes().getFirst().freshNode();
        for (int pod = 0; random.nextInt(3) > 0; pod++) {
            int asked = 1 + random.nextInt(cpus);
            int memory = 1 + random.nextInt(10);
            if (kubelet.admit(pod(asked, memory * GIB, 0)).admitted()) {
                cluster.pods(Objects.pod("p" + pod, "n", String.valueOf(asked), memory + "Gi", Map.of()));
            }
        }
        int pages = random.nextInt(2);
        ServicePlan plan = Planner.plan(Inventory.of(cluster.objects()), List.of(Objects.service(
                "workload: StatefulSet\nreplicas: 1\nshards: {count: " + (1 + random.nextInt(4))
                        + "}\nplacement: {numa: Any}\nmemory: {perShard: " + (1 + random.nextInt(3)) + "Gi"
                        + (pages > 0 ? ", hugePages: 512Mi" : "") + "}")))
                .getFirst();
        if (plan.verdict() != Verdict.Feasible) {
            return 0;
        }
        ClassPlan there = plan.classes().getFirst();
        for (int i = 0; i < there.capacity(); i++) {
            var admission = kubelet.admit(pod(there.podCpus(), there.podMemory(), there.podHugePages()));
            assertThat(admission.admitted()).as("pod %d of %s\n%s\n%s", i, there, profile, admission).isTrue();
        }
        return 1;
    }

    private static PodCpus pod(int cpus, long memory, long pages) {
        return new PodCpus(List.of(new PodCpus.Container(PodCpus.Kind.APP, cpus, memory, pages)));
    }
}
