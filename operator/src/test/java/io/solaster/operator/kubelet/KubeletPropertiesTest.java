package io.solaster.operator.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.kubelet.KubeletConfig.Option;
import io.solaster.operator.kubelet.KubeletConfig.Scope;
import io.solaster.operator.kubelet.KubeletConfig.TopologyPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold of every admission. */
class KubeletPropertiesTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "full-pcpus-only", "distribute-cpus-across-numa",
            "full-pcpus-only distribute-cpus-across-numa", "prefer-align-cpus-by-uncorecache",
            "full-pcpus-only prefer-align-cpus-by-uncorecache strict-cpu-reservation",
            "distribute-cpus-across-cores"})
    void everyAdmissionHolds(String options) {
        for (String machine : Shapes.RECORDED) {
            CpuTopology topology = Shapes.named(machine);
            Random random = new Random(machine.hashCode());
            for (TopologyPolicy policy : TopologyPolicy.values()) {
                KubeletConfig config = Shapes.kubelet(options, policy.spelled(), Scope.POD, Shapes.reserved(topology,
                        options, "#" + topology.threadsPerCore()));
                KubeletNode node = new KubeletNode(topology, config, CpuSet.EMPTY);
                KubeletNode again = new KubeletNode(topology, config, CpuSet.EMPTY);
                for (int i = 0; i < 12; i++) {
                    int request = topology.threadsPerCore() * (1 + random.nextInt(Math.max(1, topology.size() / 8)));
                    CpuSet free = node.free();
                    Admission answer = node.admit(request);
                    assertThat(again.admit(request)).as("the same again").isEqualTo(answer);
                    String what = machine + " " + config + " " + request + " of " + free + ": " + answer;
                    if (answer.admitted()) {
                        CpuSet got = answer.cpus().getFirst();
                        assertThat(got.size()).as(what).isEqualTo(request);
                        assertThat(free.containsAll(got)).as("out of what was free: %s", what).isTrue();
                        assertThat(got.and(config.reserved()).isEmpty()).as("no reserved CPU: %s", what).isTrue();
                        assertThat(node.free()).as(what).isEqualTo(free.minus(got));
                        if (policy == TopologyPolicy.SINGLE_NUMA_NODE) {
                            assertThat(nodes(topology, got)).as("never split: %s", what).isEqualTo(1);
                        }
                        if (config.has(Option.FULL_PCPUS_ONLY)) {
                            assertThat(topology.wholeCores(got.toBitSet())).as("whole cores: %s", what)
                                    .isEqualTo(got.toBitSet());
                        }
                    } else {
                        assertThat(node.free()).as("a refusal changes nothing: %s", what).isEqualTo(free);
                        assertThat(answer.message()).as(what).isNotEmpty();
                    }
                }
            }
        }
    }

    @Test
    void moreCapacityNeverRefusesWhatFitted() {
        for (String machine : Shapes.RECORDED) {
            CpuTopology topology = Shapes.named(machine);
            for (TopologyPolicy policy : TopologyPolicy.values()) {
                KubeletConfig config = Shapes.kubelet("", policy.spelled(), Scope.POD,
                        Shapes.reserved(topology, "", "#1"));
                Random random = new Random(machine.length());
                CpuSet taken = CpuSet.EMPTY;
                List<Boolean> fitted = new ArrayList<>();
                int request = Math.max(1, topology.size() / topology.nodeCount() / 2);
                for (int i = 0; i < 8; i++) {
                    fitted.add(new KubeletNode(topology, config, taken).admit(request).admitted());
                    taken = taken.or(CpuSet.of(random.ints(topology.size() / 8, 0, topology.size()).toArray()))
                            .minus(config.reserved());
                }
                assertThat(fitted).as("%s %s", machine, policy).isSortedAccordingTo((a, b) -> Boolean.compare(b, a));
            }
        }
    }

    @Test
    void cachesAreNotSplitWhereOneHoldsThePod() {
        for (String machine : List.of("epyc-1x32-smt", "epyc-2x64-smt", "epyc-2x96-nps3-smt")) {
            CpuTopology topology = Shapes.named(machine);
            KubeletNode node = new KubeletNode(topology, Shapes.kubelet(
                    "full-pcpus-only prefer-align-cpus-by-uncorecache", "single-numa-node", Scope.POD,
                    Shapes.reserved(topology, "", "#2")), CpuSet.EMPTY);
            for (int request : new int[]{8, 8, 16, 4, 12}) {
                CpuSet got = node.admit(request).cpus().getFirst();
                long caches = topology.cpus().stream().filter(cpu -> got.contains(cpu.id()))
                        .mapToInt(CpuTopology.Cpu::cache).distinct().count();
                assertThat(caches).as("%s %s", machine, got).isEqualTo(1);
            }
        }
    }

    @Test
    void aRefusalSaysWhatIsFree() {
        CpuTopology topology = Shapes.named("xeon-2x16");
        KubeletNode node = new KubeletNode(topology,
                Shapes.kubelet("", "single-numa-node", Scope.POD, CpuSet.parse("0-1")), CpuSet.EMPTY);
        assertThat(node.admit(8).admitted()).isTrue();
        assertThat(node.admit(10).admitted()).isTrue();
        // 12 CPUs are free, on two nodes: the case in the field that this simulation is for.
        assertThat(node.admit(8)).isEqualTo(Admission.refused(Admission.Reason.TOPOLOGY_AFFINITY,
                "8 CPUs asked, free are 6 on NUMA node 0, 6 on NUMA node 1: single-numa-node refuses"));
    }

    @Test
    void initContainersLeaveTheirCpusToThoseAfterThem() {
        CpuTopology topology = Shapes.named("xeon-2x16");
        KubeletNode node = new KubeletNode(topology,
                Shapes.kubelet("", "single-numa-node", Scope.POD, CpuSet.parse("0")), CpuSet.EMPTY);
        Admission answer = node.admit(new PodCpus(List.of(new PodCpus.Container(PodCpus.Kind.INIT, 4),
                new PodCpus.Container(PodCpus.Kind.SIDECAR, 1), PodCpus.Container.app(4))));
        CpuSet all = answer.cpus().stream().reduce(CpuSet.EMPTY, CpuSet::or);
        assertThat(all.size()).isEqualTo(5);
        assertThat(answer.cpus().get(1).and(answer.cpus().get(2)).isEmpty()).isTrue();
    }

    @Test
    void strictReservationMayEmptyTheSharedPool() {
        CpuTopology topology = Shapes.named("vm8-smt");
        KubeletNode node = new KubeletNode(topology,
                Shapes.kubelet("full-pcpus-only strict-cpu-reservation", "", Scope.POD, CpuSet.parse("0-1")),
                CpuSet.EMPTY);
        node.admit(6);
        assertThat(node.sharedPool()).isEqualTo(CpuSet.EMPTY);
        assertThat(node.admit(2).refusal()).isEqualTo(Admission.Reason.SMT_ALIGNMENT);
    }

    private static long nodes(CpuTopology topology, CpuSet cpus) {
        return cpus.stream().map(topology::nodeOf).distinct().count();
    }
}
