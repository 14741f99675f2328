package io.solaster.operator.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.Admission.Reason;
import io.solaster.operator.kubelet.KubeletConfig.CpuManager;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import io.solaster.operator.kubelet.PodCpus.Container;
import io.solaster.operator.kubelet.PodCpus.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the kubelet does with memory, with distances and with its own file of the time before a restart; reckoned by hand
 * from the sources that the classes name.
 */
class MemoryManagerTest {
    private static final long GIB = 1L << 30;
    private static final CpuTopology TWO = Shapes.named("xeon-2x16");

    private static KubeletNode node(CpuTopology topology, TopologyPolicy policy, NumaNodes.Node... nodes) {
        return new KubeletNode(topology, new KubeletConfig(CpuManager.STATIC, Set.of(), policy, Scope.POD,
                CpuSet.parse("0"), new NumaNodes(List.of(nodes), true, List.of(), 8)), CpuSet.EMPTY);
    }

    private static NumaNodes.Node numa(int id, int memory, int pages) {
        return new NumaNodes.Node(id, memory * GIB, pages * GIB);
    }

    private static PodCpus pod(int cpus, int memory, int pages) {
        return new PodCpus(List.of(new Container(Kind.APP, cpus, memory * GIB, pages * GIB)));
    }

    @Test
    void memoryAndCpusComeFromOneNumaNode() {
        KubeletNode node = node(TWO, TopologyPolicy.SINGLE_NUMA_NODE, numa(0, 10, 0), numa(1, 10, 0));
        assertThat(node.admit(pod(2, 6, 0)).cpus()).containsExactly(CpuSet.parse("1-2"));
        Admission second = node.admit(pod(2, 6, 0));
        assertThat(second.cpus()).containsExactly(CpuSet.parse("16-17"));
        // 8 GiB are free, on two NUMA nodes that serve pods by themselves: no hint at all, which is no preference.
        assertThat(node.admit(pod(2, 6, 0)).refusal()).isEqualTo(Reason.UNEXPECTED);
        assertThat(node.free()).as("a refusal changes nothing").isEqualTo(CpuSet.parse("3-15,18-31"));
        node.remove(second);
        assertThat(node.admit(pod(2, 6, 0)).cpus()).containsExactly(CpuSet.parse("16-17"));
    }

    @Test
    void cpusHereAndMemoryThereIsNoSingleNumaNode() {
        KubeletNode node = node(TWO, TopologyPolicy.SINGLE_NUMA_NODE, numa(0, 10, 0), numa(1, 10, 0));
        assertThat(node.admit(pod(15, 1, 0)).cpus()).containsExactly(CpuSet.parse("1-15"));
        assertThat(node.admit(pod(1, 10, 0)).cpus()).containsExactly(CpuSet.parse("16"));
        assertThat(node.admit(pod(2, 5, 0)).refusal()).isEqualTo(Reason.TOPOLOGY_AFFINITY);
    }

    @Test
    void hugePagesAreOnTheirNumaNodes() {
        KubeletNode node = node(TWO, TopologyPolicy.SINGLE_NUMA_NODE, numa(0, 10, 0), numa(1, 10, 2));
        assertThat(node.admit(pod(2, 1, 2)).cpus()).containsExactly(CpuSet.parse("16-17"));
        assertThat(node.admit(pod(2, 1, 2)).refusal()).isEqualTo(Reason.UNEXPECTED);
    }

    @Test
    void aNumaNodeWithoutCpusServesNobodyWhoIsAligned() {
        NumaNodes.Node[] nodes = {numa(0, 4, 0), numa(1, 4, 0), numa(2, 64, 0)};
        assertThat(node(TWO, TopologyPolicy.SINGLE_NUMA_NODE, nodes).admit(pod(2, 8, 0)).refusal())
                .isEqualTo(Reason.TOPOLOGY_AFFINITY);
        assertThat(node(TWO, TopologyPolicy.NONE, nodes).admit(pod(2, 8, 0)).admitted()).isTrue();
        // One NUMA node with CPUs beside it is no longer 'all'.
        KubeletNode single = node(Shapes.named("kind8"), TopologyPolicy.SINGLE_NUMA_NODE, numa(0, 4, 0),
                numa(1, 64, 0));
        assertThat(single.admit(pod(2, 3, 0)).admitted()).isTrue();
        assertThat(single.admit(pod(2, 3, 0)).refusal()).isEqualTo(Reason.TOPOLOGY_AFFINITY);
    }

    @Test
    void aNumaNodeThatServesWithOthersServesNobodyByItself() {
        KubeletNode node = node(TWO, TopologyPolicy.RESTRICTED, numa(0, 10, 0), numa(1, 10, 0));
        assertThat(node.admit(pod(20, 15, 0)).admitted()).isTrue();
        assertThat(node.admit(pod(1, 2, 0)).admitted()).as("5 GiB are left, of both together").isFalse();
    }

    @Test
    void initContainersLeaveTheirMemoryToThoseAfterThem() {
        KubeletNode node = node(TWO, TopologyPolicy.SINGLE_NUMA_NODE, numa(0, 10, 0), numa(1, 4, 0));
        PodCpus pod = new PodCpus(
                List.of(new Container(Kind.INIT, 1, 8 * GIB, 0), new Container(Kind.APP, 1, 8 * GIB, 0)));
        Admission first = node.admit(pod);
        assertThat(first.admitted()).isTrue();
        assertThat(node.admit(pod(1, 2, 0)).cpus()).containsExactly(CpuSet.parse("2"));
        node.remove(first);
        assertThat(node.admit(pod(1, 8, 0)).cpus()).containsExactly(CpuSet.parse("1"));
    }

    @Test
    void closeNumaNodesArePreferredWhereThatIsAskedFor() {
        CpuTopology topology = Shapes.named("epyc-1x64-nps4");
        List<List<Integer>> distances = List.of(List.of(10, 32, 12, 32), List.of(32, 10, 32, 12),
                List.of(12, 32, 10, 32), List.of(32, 12, 32, 10));
        KubeletNode near = new KubeletNode(topology, new KubeletConfig(CpuManager.STATIC, Set.of(),
                TopologyPolicy.RESTRICTED, Scope.POD, CpuSet.parse("0"),
                new NumaNodes(List.of(), false, distances, 8)), CpuSet.EMPTY);
        assertThat(near.admit(24).cpus().getFirst().stream().map(topology::nodeOf).distinct()).containsExactly(0, 2);
        KubeletNode plain = new KubeletNode(topology, Shapes.kubelet("", "restricted", Scope.POD, CpuSet.parse("0")),
                CpuSet.EMPTY);
        assertThat(plain.admit(24).cpus().getFirst().stream().map(topology::nodeOf).distinct()).containsExactly(0, 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', nullValues = "-", value = {
            // policy; options; reserved; shared; a container's; why the kubelet does not start
            "STATIC; -; 0; 0,4-7; 1-3; ''",
            "STATIC; -; 0; ''; ''; ''",
            "NONE; -; 0; 0-7; ''; its state is of another cpuManagerPolicy",
            "STATIC; -; 0-1; 0,4-7; 1-3; reserved CPUs 1 are not among those that are shared",
            "STATIC; STRICT_CPU_RESERVATION; 0; 0,4-7; 1-3; reserved CPUs 0 are among those that are shared",
            "STATIC; STRICT_CPU_RESERVATION; 0; 4-7; 1-3; ''",
            "STATIC; STRICT_CPU_RESERVATION; 0; ''; 1-7; containers have all CPUs for themselves",
            "STATIC; -; 0; 0,3-7; 1-3; CPUs 3 of web are shared, too",
            "STATIC; -; 0; 0,4-6; 1-3; 'its state has CPUs 0-6, the machine 0-7'",
            "STATIC; FULL_PCPUS_ONLY; 0; 0,4-7; 1-3; ''"})
    void aKubeletStartsAgainOnlyWithAStateThatFits(CpuManager policy, Option option, String reserved, String shared,
            String entry, String why) {
        KubeletConfig config = new KubeletConfig(CpuManager.STATIC, option == null ? Set.of() : Set.of(option),
                TopologyPolicy.NONE, Scope.POD, CpuSet.parse(reserved));
        Checkpoint checkpoint = new Checkpoint(policy, CpuSet.parse(shared),
                entry.isEmpty() ? Map.of() : Map.of("web", CpuSet.parse(entry)));
        String problem = checkpoint.problem(Shapes.named("kind8"), config);
        if (why.isEmpty()) {
            assertThat(problem).isEmpty();
        } else {
            assertThat(problem).startsWith("the kubelet does not start: " + why)
                    .endsWith("; drain the node and remove cpu_manager_state");
        }
    }
}
