package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;

import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.plan.Room.Count;
import io.solaster.operator.plan.Room.Demand;
import io.solaster.operator.plan.Room.Rule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The arithmetic of plans beside the simulated kubelet, over occupancies that nobody thought of. */
class RoomTest {

    @ParameterizedTest
    @CsvSource({"single-numa-node, 1, false", "single-numa-node, 2, true", "single-numa-node, 2, false",
            "none, 2, true", "best-effort, 1, false", "restricted, 2, true", "restricted, 1, false"})
    void countsAsManyPodsAsTheKubeletAdmits(String policy, int threads, boolean wholeCores) {
        TopologyClass machine = machine(policy, threads, wholeCores);
        Random random = new Random(policy.hashCode() + threads);
        for (int i = 0; i < 400; i++) {
            CpuSet taken = taken(machine, random, threads);
            int asked = threads * (1 + random.nextInt(40 / threads));
            Rule rule = Planner.rule(machine.topology(), machine.kubelet(), asked);
            KubeletNode kubelet = new KubeletNode(machine.topology(), machine.kubelet(), taken);
            Room room = new Room(state(machine, kubelet.freeByNode(), 0));
            int admitted = 0;
            while (kubelet.admit(asked).admitted()) {
                admitted++;
            }
            Count count = room.count(new Demand(rule, asked, 1, 0, 0, true), null);
            assertThat(count.possible()).as("%s: %d CPUs on %s", rule, asked, taken).isEqualTo(admitted);
            assertThat(count.certain()).isEqualTo(admitted);
        }
    }

    @Test
    void whatIsHiddenIsBoundedFromBothSides() {
        TopologyClass machine = machine("single-numa-node", 1, false);
        Random random = new Random(7);
        for (int i = 0; i < 400; i++) {
            CpuSet taken = taken(machine, random, 1);
            int asked = 1 + random.nextInt(20);
            KubeletNode kubelet = new KubeletNode(machine.topology(), machine.kubelet(), taken);
            Count count = new Room(state(machine, machine.fresh(), taken.size()))
                    .count(new Demand(Rule.BY_NODE, asked, 1, 0, 0, true), null);
            int admitted = 0;
            while (kubelet.admit(asked).admitted()) {
                admitted++;
            }
            assertThat(count.certain()).as("%d CPUs on %s", asked, taken).isLessThanOrEqualTo(admitted);
            assertThat(count.possible()).as("%d CPUs on %s", asked, taken).isGreaterThanOrEqualTo(admitted);
        }
    }

    @Test
    void bothBoundsAreReached() {
        TopologyClass machine = machine("single-numa-node", 1, false);
        for (int asked = 1; asked <= 16; asked++) {
            for (int hidden = 0; hidden <= 30; hidden++) {
                int least = Integer.MAX_VALUE;
                int most = 0;
                int[] fresh = machine.fresh();
                for (int first = 0; first <= hidden; first++) {
                    if (first <= fresh[0] && hidden - first <= fresh[1]) {
                        int pods = (fresh[0] - first) / asked + (fresh[1] - hidden + first) / asked;
                        least = Math.min(least, pods);
                        most = Math.max(most, pods);
                    }
                }
                Count count = new Room(state(machine, fresh, hidden)).count(
                        new Demand(Rule.BY_NODE, asked, 1, 0, 0, true),
                        null);
                assertThat(count.certain()).as("%d CPUs, %d hidden", asked, hidden).isEqualTo(least);
                assertThat(count.possible()).as("%d CPUs, %d hidden", asked, hidden).isEqualTo(most);
            }
        }
    }

    @Test
    void aPodTakesFromTheLowestNumaNodeThatHoldsIt() {
        Room room = new Room(state(machine("single-numa-node", 1, false), new int[]{4, 16}, 0));
        room.take(new Demand(Rule.BY_NODE, 6, 1, 0, 0, true));
        assertThat(room.cpus()).containsExactly(4, 10);
        room.take(new Demand(Rule.BY_NODE, 4, 1, 0, 0, true));
        assertThat(room.cpus()).containsExactly(0, 10);
    }

    private static TopologyClass machine(String policy, int threads, boolean wholeCores) {
        Cluster cluster = new Cluster().nodes(Objects.node("a", 32, "30", "1Ti", Map.of()))
                .profiles(Objects.profile("p", """
                        sockets: 2
                        numaNodes: [{cpus: "0-7,16-23"}, {cpus: "8-15,24-31"}]
                        threadsPerCore: %d
                        kubelet:
                          cpuManagerPolicy: static
                          cpuManagerPolicyOptions: {full-pcpus-only: "%s"}
                          topologyManagerPolicy: %s
                          topologyManagerScope: pod
                        """.formatted(threads, wholeCores, policy)));
        return Inventory.of(cluster.objects()).classes().getFirst();
    }

    private static CpuSet taken(TopologyClass machine, Random random, int threads) {
        CpuSet taken = CpuSet.EMPTY;
        int percent = random.nextInt(80);
        for (var cpu : machine.topology().cpus()) {
            if (cpu.id() == cpu.core() && random.nextInt(100) < percent) {
                taken = taken.or(CpuSet.of(machine.topology().cpus().stream()
                        .filter(other -> other.core() == cpu.core()).mapToInt(other -> other.id()).toArray()));
            }
        }
        return taken.minus(machine.kubelet().reserved());
    }

    @Test
    void noNodeHasLessThanNothingFree() {
        TopologyClass machine = machine("single-numa-node", 1, false);
        // Pods of one size run, unseen, and pods of another are planned before they go.
        Room room = new Room(state(machine, machine.fresh(), 20));
        assertThat(room.free(null)).isEqualTo(10);
        room.take(new Demand(Rule.BY_NODE, 12, 1, 0, 0, true));
        assertThat(room.free(null)).isZero();
    }

    private static NodeState state(TopologyClass machine, int[] cpus, int hidden) {
        return new NodeState("a", machine, Map.of(), List.of(), "", 32_000, 0, 32_000, 1L << 40, 0, 0, 0, 110, cpus,
                hidden,
                true, hidden == 0, Map.of());
    }
}
