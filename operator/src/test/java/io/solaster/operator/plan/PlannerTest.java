package io.solaster.operator.plan;

import static io.solaster.operator.Objects.node;
import static io.solaster.operator.Objects.pod;
import static io.solaster.operator.Objects.profile;
import static io.solaster.operator.Objects.service;
import static io.solaster.operator.Objects.topology;
import static io.solaster.operator.Objects.twoBy16;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.api.Labels;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.ServicePlan.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {
    private static final Map<String, String> NONE = Map.of();

    private static ServicePlan plan(Cluster cluster, ShardedService service) {
        return Planner.plan(Inventory.of(cluster.objects()), List.of(service)).getFirst();
    }

    private static Cluster two(int nodes) {
        Cluster cluster = new Cluster().profiles(twoBy16());
        for (int i = 0; i < nodes; i++) {
            cluster.nodes(node("n" + i, 32, "30", "128Gi", NONE));
        }
        return cluster;
    }

    @Test
    void shardsDecideTheCpusOfAPod() {
        ServicePlan plan = plan(two(2), service("replicas: 3\nshards: {count: 6}"));
        ClassPlan two = plan.classes().getFirst();
        assertThat(plan.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(two.name()).isEqualTo("two");
        assertThat(two.podCpus()).as("six shards and a housekeeping core").isEqualTo(7);
        assertThat(two.shards()).isEqualTo(6);
        assertThat(two.podMemory()).isEqualTo(6L << 30);
        assertThat(two.numaNodes()).isEqualTo(1);
        // NUMA nodes have 14 and 16 CPUs to give.
        assertThat(two.capacity()).isEqualTo(8);
        assertThat(two.strandedCpus()).isEqualTo(4);
        assertThat(two.shardReasons()).anyMatch(reason -> reason.startsWith("Pinned"));
    }

    @Test
    void strandedCpusComeWithBetterSizes() {
        Cluster cluster = new Cluster().profiles(twoBy16());
        cluster.topologies(topology("n0", 2, 14, 14)).nodes(node("n0", 32, "30", "128Gi", NONE));
        ClassPlan two = plan(cluster, service("shards: {count: 7}")).classes().getFirst();
        assertThat(two.podCpus()).isEqualTo(8);
        assertThat(two.strandedCpus()).isEqualTo(12);
        assertThat(two.sizes()).startsWith(new Size(7, 6, 4, 0));
        assertThat(two.reasons())
                .anyMatch(reason -> reason.contains("7-CPU pods (6 shards) strand 0")
                        && reason.endsWith("8-CPU pods strand 12."));
    }

    @Test
    void whatDoesNotFitSaysByHowMuch() {
        ServicePlan plan = plan(two(2), service("replicas: 5\nshards: {count: 10}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.reasons())
                .contains("Infeasible: 5 replicas of 11 CPUs on class two, room for 4, 1 short.");
    }

    @Test
    void theSchedulerMaySeeRoomThatTheKubeletRefuses() {
        // The measured case: nodes of 2 x 15, pods of 8, one a NUMA node where plain counting sees three a node.
        Cluster cluster = new Cluster().profiles(profile("two", """
                sockets: 2
                numaNodes: [{cpus: 0-14}, {cpus: 15-29}]
                reservedCPUs: "0"
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: single-numa-node}
                """)).nodes(node("a", 30, "29", "128Gi", NONE), node("b", 30, "29", "128Gi", NONE));
        ServicePlan plan = plan(cluster, service("replicas: 6\nshards: {count: 7}"));
        ClassPlan two = plan.classes().getFirst();
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(two.capacity()).isEqualTo(4);
        assertThat(two.schedulerSees()).isEqualTo(6);
        assertThat(two.reasons()).anyMatch(reason -> reason.startsWith(
                "Warning: the scheduler counts CPUs alone and sees room for 6 pods; beyond 4 the kubelet refuses"));
    }

    @Test
    void aSurgeNeedsRoomToo() {
        assertThat(plan(two(2), service("workload: Deployment\nreplicas: 4\nshards: {count: 10}")).reasons())
                .contains("Infeasible: 4 replicas and a surge of 1 of 11 CPUs on class two, room for 4, 1 short.");
        assertThat(plan(two(2), service("workload: StatefulSet\nreplicas: 4\nshards: {count: 10}")).verdict())
                .isEqualTo(Verdict.Feasible);
        assertThat(plan(two(2), service(
                "workload: Deployment\nreplicas: 4\nrollout: {surge: 0}\nshards: {count: 10}")).verdict())
                .isEqualTo(Verdict.Feasible);
    }

    @Test
    void aLostNodeIsReportedAndRequiredOnDemand() {
        String spec = "replicas: 3\nshards: {count: 10}\n";
        ServicePlan reported = plan(two(2), service(spec));
        assertThat(reported.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(reported.afterNodeLoss()).isEqualTo(Verdict.Infeasible);
        assertThat(reported.reasons()).contains("Warning: does not fit after the loss of a node: of class two remains"
                + " room for 2, 3 replicas planned.");
        assertThat(plan(two(2), service(spec + "placement: {afterNodeLoss: Require}")).verdict())
                .isEqualTo(Verdict.Infeasible);
        assertThat(plan(two(3), service(spec + "placement: {afterNodeLoss: Require}")).verdict())
                .isEqualTo(Verdict.Feasible);
    }

    @Test
    void unseenOccupancyLeavesItUnproven() {
        // 14 and 16 CPUs, 6 of which are taken somewhere: a third pod of 7 fits or does not.
        Cluster cluster = two(1).pods(pod("other", "n0", "6", "1Gi", NONE));
        ServicePlan three = plan(cluster, service("replicas: 3\nshards: {count: 6}"));
        assertThat(three.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(three.classes().getFirst().capacity()).isEqualTo(2);
        assertThat(three.classes().getFirst().possible()).isEqualTo(3);
        assertThat(three.classes().getFirst().reasons()).anyMatch(reason -> reason.contains("cannot be seen"));
        assertThat(plan(cluster, service("replicas: 2\nshards: {count: 6}")).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(cluster, service("replicas: 4\nshards: {count: 6}")).verdict()).isEqualTo(Verdict.Infeasible);
    }

    @Test
    void observedOccupancyProvesIt() {
        Cluster seen = new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", NONE))
                .pods(pod("other", "n0", "6", "1Gi", NONE));
        assertThat(
                plan(seen.topologies(topology("n0", 2, 8, 16)), service("replicas: 3\nshards: {count: 6}")).verdict())
                .isEqualTo(Verdict.Feasible);
        Cluster scattered = new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", NONE))
                .pods(pod("other", "n0", "6", "1Gi", NONE)).topologies(topology("n0", 2, 12, 12));
        ServicePlan plan = plan(scattered, service("replicas: 3\nshards: {count: 6}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.classes().getFirst().source()).isEqualTo("Observed");
    }

    @Test
    void withoutPodsNothingIsProven() {
        ServicePlan plan = plan(two(2).unknownPods(), service("shards: {count: 6}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan.classes().getFirst().reasons()).anyMatch(reason -> reason.contains("is not known"));
    }

    @Test
    void ownPodsCountAsRoom() {
        Map<String, String> own = Map.of(ShardedService.LABEL, "kv");
        Cluster cluster = two(1).pods(pod("kv-0", "n0", "14", "13Gi", own), pod("kv-1", "n0", "14", "13Gi", own));
        ServicePlan plan = plan(cluster, service("replicas: 2\nshards: {count: 13}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan.classes().getFirst().capacity()).isEqualTo(2);
        Cluster seen = new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", NONE))
                .pods(pod("kv-0", "n0", "14", "13Gi", own), pod("kv-1", "n0", "14", "13Gi", own))
                .topologies(topology("n0", 2, 0, 2));
        assertThat(plan(seen, service("replicas: 2\nshards: {count: 13}")).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(seen, service("other", "replicas: 1\nshards: {count: 13}")).verdict())
                .isEqualTo(Verdict.Infeasible);
    }

    @Test
    void wholeCoresAreAskedForWhereThreadsComeInPairs() {
        Cluster cluster = new Cluster().profiles(profile("smt", """
                numaNodes: [{cpus: 0-31}]
                threadsPerCore: 2
                kubelet: {cpuManagerPolicy: static, cpuManagerPolicyOptions: {full-pcpus-only: "true"}}
                """)).nodes(node("a", 32, "30", "64Gi", NONE));
        ClassPlan cores = plan(cluster, service("shards: {count: 4}")).classes().getFirst();
        assertThat(cores.podCpus()).as("five cores").isEqualTo(10);
        assertThat(cores.shards()).isEqualTo(4);
        ClassPlan threads = plan(cluster, service("shards: {count: 5}\nplacement: {shardPer: Thread}")).classes()
                .getFirst();
        assertThat(threads.podCpus()).as("three cores, a thread of which is for housekeeping").isEqualTo(6);
        assertThat(threads.shards()).isEqualTo(5);
        ClassPlan odd = plan(cluster, service("shards: {count: 7}\nplacement: {shardPer: Thread}")).classes()
                .getFirst();
        assertThat(odd.podCpus()).isEqualTo(10);
        assertThat(odd.shards()).as("not one more than asked for").isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"PerNuma, 14, 4, 1", "FillNode, 30, 2, 2"})
    void podsFillWhatThereIs(String mode, int cpus, int pods, int numaNodes) {
        ServicePlan plan = plan(two(2), service("shards: {mode: " + mode + "}"));
        ClassPlan two = plan.classes().getFirst();
        if (mode.equals("FillNode")) {
            // single-numa-node refuses what no NUMA node holds.
            assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
            assertThat(two.reasons()).anyMatch(reason -> reason.contains("TopologyAffinityError"));
        } else {
            assertThat(plan.verdict()).isEqualTo(Verdict.Feasible);
            assertThat(plan.replicas()).isEqualTo(pods);
            assertThat(two.podCpus()).isEqualTo(cpus);
            assertThat(two.numaNodes()).isEqualTo(numaNodes);
        }
    }

    @Test
    void fillingPodsKeepWithinTheirBounds() {
        ClassPlan few = plan(two(1), service("shards: {mode: PerNuma, max: 5}")).classes().getFirst();
        assertThat(few.podCpus()).isEqualTo(6);
        assertThat(few.shards()).isEqualTo(5);
        assertThat(few.replicas()).isEqualTo(4);
        ServicePlan many = plan(two(1), service("shards: {mode: PerNuma, min: 14}"));
        assertThat(many.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(many.classes().getFirst().reasons()).contains("No pod fits on nodes of class two: the 14 CPUs of a"
                + " NUMA node make 13 shards, spec.shards.min is 14; lower it.");
    }

    @Test
    void aPodMayFillANodeWhereTheKubeletSplits() {
        Cluster cluster = new Cluster().profiles(profile("free", """
                sockets: 2
                numaNodes: [{cpus: 0-15}, {cpus: 16-31}]
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: best-effort}
                """)).nodes(node("a", 32, "30", "128Gi", NONE), node("b", 32, "30", "128Gi", NONE));
        ServicePlan fill = plan(cluster, service("shards: {mode: FillNode}"));
        assertThat(fill.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(fill.classes().getFirst().podCpus()).isEqualTo(30);
        assertThat(fill.classes().getFirst().numaNodes()).isEqualTo(2);
        ServicePlan single = plan(cluster, service("shards: {count: 6}"));
        assertThat(single.verdict()).as("best-effort promises nothing").isEqualTo(Verdict.Unproven);
        assertThat(plan(cluster, service("shards: {count: 6}\nplacement: {numa: Any}")).verdict())
                .isEqualTo(Verdict.Feasible);
    }

    @Test
    void restrictedKeepsLargePodsOnFewNodes() {
        Cluster cluster = new Cluster().profiles(profile("quarters", """
                sockets: 2
                numaNodes: [{cpus: 0-15}, {cpus: 16-31}, {cpus: 32-47}, {cpus: 48-63}]
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: restricted}
                """)).nodes(node("a", 64, "62", "128Gi", NONE));
        ServicePlan split = plan(cluster, service("replicas: 2\nshards: {count: 20}\nplacement: {numa: Split}"));
        assertThat(split.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(split.classes().getFirst().numaNodes()).isEqualTo(2);
        assertThat(split.classes().getFirst().capacity()).isEqualTo(2);
        assertThat(plan(cluster, service("replicas: 2\nshards: {count: 20}")).verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan(cluster, service("replicas: 2\nshards: {count: 10}")).verdict()).isEqualTo(Verdict.Feasible);
    }

    @Test
    void replicasGoToOneClassIfItHoldsThemAndElseToSeveral() {
        Cluster cluster = new Cluster().profiles(
                profile("small", "nodeSelector: {pool: small}\nkubelet: {cpuManagerPolicy: static}"),
                profile("large", "nodeSelector: {pool: large}\nkubelet: {cpuManagerPolicy: static}"));
        for (int i = 0; i < 2; i++) {
            cluster.nodes(node("s" + i, 8, "7", "32Gi", Map.of("pool", "small")),
                    node("l" + i, 16, "15", "64Gi", Map.of("pool", "large")));
        }
        assertThat(plan(cluster, service("replicas: 4\nshards: {count: 5}")).classes())
                .extracting(ClassPlan::name, ClassPlan::replicas)
                .containsExactly(tuple("large-15c", 4),
                        tuple("small-7c", 0));
        assertThat(plan(cluster, service("replicas: 6\nshards: {count: 5}")).classes())
                .extracting(ClassPlan::name, ClassPlan::replicas)
                .containsExactly(tuple("large-15c", 4),
                        tuple("small-7c", 2));
    }

    /** Two classes with room for a pod of 7 CPUs on each node. */
    private static Cluster twoClasses(int left, int right) {
        String spec = "nodeSelector: {pool: %s}\nnumaNodes: [{cpus: 0-7}]\nreservedCPUs: '0'\n"
                + "kubelet: {cpuManagerPolicy: static}";
        Cluster cluster = new Cluster().profiles(profile("left", spec.formatted("left")),
                profile("right", spec.formatted("right")));
        for (int i = 0; i < left; i++) {
            cluster.nodes(node("l" + i, 8, "7", "32Gi", Map.of("pool", "left")));
        }
        for (int i = 0; i < right; i++) {
            cluster.nodes(node("r" + i, 8, "7", "32Gi", Map.of("pool", "right")));
        }
        return cluster;
    }

    private static ServicePlan plan(Cluster cluster, ShardedService service, Map<String, Integer> running) {
        return Planner.plan(Inventory.of(cluster.objects()), List.of(service),
                Map.of("shop/kv", new Running(running, 0))).getFirst();
    }

    @Test
    void replicasStayInTheirClassAlthoughAnotherHasMoreRoom() {
        ShardedService three = service("replicas: 3\nshards: {count: 6}");
        ServicePlan fresh = plan(twoClasses(3, 9), three);
        assertThat(fresh.classes().getFirst().name()).isEqualTo("right");
        ServicePlan stays = plan(twoClasses(3, 9), three, Map.of("left", 3));
        assertThat(stays.classes().getFirst().name()).isEqualTo("left");
        assertThat(stays.classes().getFirst().replicas()).isEqualTo(3);
        assertThat(stays.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(stays.reasons()).noneMatch(reason -> reason.startsWith("Moves"));
        // What more is wanted goes where it runs already, as far as there is room.
        assertThat(plan(twoClasses(3, 9), service("replicas: 4\nshards: {count: 6}"), Map.of("left", 2)).classes())
                .extracting(ClassPlan::name, ClassPlan::replicas).containsExactly(tuple("left", 3), tuple("right", 1));
        // And with fewer, those go that are fewest in a class.
        assertThat(plan(twoClasses(3, 9), service("replicas: 3\nshards: {count: 6}"), Map.of("left", 3, "right", 1))
                .classes()).extracting(ClassPlan::name, ClassPlan::replicas)
                .containsExactly(tuple("left", 3), tuple("right", 0));
    }

    @Test
    void thePodsTellWhereAServiceRunsIfNothingElseDoes() {
        Map<String, String> own = Map.of(ShardedService.LABEL, "kv");
        Cluster cluster = twoClasses(2, 5).pods(pod("kv-0", "l0", "7", "6Gi", own), pod("kv-1", "l1", "7", "6Gi", own));
        assertThat(plan(cluster, service("replicas: 2\nshards: {count: 6}")).classes())
                .extracting(ClassPlan::name, ClassPlan::replicas).containsExactly(tuple("left", 2), tuple("right", 0));
    }

    @Test
    void whatNoLongerFitsMovesAndTheReasonSaysSo() {
        ServicePlan less = plan(twoClasses(2, 9), service("replicas: 3\nshards: {count: 6}"), Map.of("left", 3));
        assertThat(less.classes()).extracting(ClassPlan::name, ClassPlan::replicas).containsExactly(tuple("left", 2),
                tuple("right", 1));
        assertThat(less.reasons()).contains("Moves 1 replica of 3 from class left to right: there is room for 2.");
        ServicePlan gone = plan(twoClasses(0, 9), service("replicas: 3\nshards: {count: 6}"), Map.of("left", 3));
        assertThat(gone.reasons())
                .contains("Moves 3 replicas of 3 from class left to right: no node of it may run them.");
        ServicePlan surge = plan(twoClasses(3, 9),
                service("workload: Deployment\nreplicas: 3\nshards: {count: 6}"), Map.of("left", 3));
        assertThat(surge.reasons()).contains(
                "Moves 1 replica of 3 from class left to right: there is room for 3, a surge of 1 counted in.");
        ServicePlan nowhere = plan(twoClasses(2, 0), service("replicas: 3\nshards: {count: 6}"), Map.of("left", 3));
        assertThat(nowhere.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(nowhere.reasons()).noneMatch(reason -> reason.startsWith("Moves"))
                .contains("Infeasible: 3 replicas of 7 CPUs on class left, room for 2, 1 short.");
    }

    @Test
    void aNodeThatIsSetAsideIsNoRoomForTheService() {
        Cluster cluster = two(1).nodes(node("aside", 32, "30", "128Gi", Map.of(Labels.aside("shop", "kv"), "true")));
        ServicePlan plan = plan(cluster, service("replicas: 3\nshards: {count: 10}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.classes().getFirst().capacity()).isEqualTo(2);
        assertThat(plan.reasons())
                .contains("1 node is set aside after its kubelet refused a pod: only what runs there counts.");
        assertThat(plan(cluster, service("other", "replicas: 3\nshards: {count: 10}")).verdict())
                .as("for others it is room").isEqualTo(Verdict.Feasible);
        // A pod that runs there stays.
        cluster.pods(pod("kv-0", "aside", "11", "10Gi", Map.of(ShardedService.LABEL, "kv")));
        assertThat(plan(cluster, service("replicas: 3\nshards: {count: 10}")).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(cluster, service("replicas: 4\nshards: {count: 10}")).verdict()).isEqualTo(Verdict.Infeasible);
    }

    @Test
    void whatOneServiceTakesTheNextDoesNotFind() {
        List<ServicePlan> plans = Planner.plan(Inventory.of(two(1).objects()), List.of(
                service("first", "replicas: 2\nshards: {count: 12}"), service("second", "shards: {count: 12}")));
        assertThat(plans).extracting(ServicePlan::verdict).containsExactly(Verdict.Feasible, Verdict.Infeasible);
        assertThat(plans.get(1).classes().getFirst().reasons())
                .contains("2 pods of services planned before are counted in.");
    }

    @Test
    void nodesThatMayNotRunPodsAreCounted() {
        Cluster cluster = two(1);
        cluster.nodes(new NodeBuilder(node("c", 32, "30", "128Gi", NONE)).withNewSpec()
                .withUnschedulable(true).endSpec().build(),
                new NodeBuilder(node("t", 32, "30", "128Gi", NONE)).withNewSpec()
                        .addNewTaint().withKey("gpu").withEffect("NoSchedule").endTaint().endSpec().build());
        ServicePlan plan = plan(cluster, service("shards: {count: 6}"));
        assertThat(plan.nodes()).isEqualTo(1);
        assertThat(plan.nodesLeftOut()).isEqualTo(2);
        assertThat(plan.reasons()).contains("1 node left out: cordoned.",
                "1 node left out: taint gpu is not among spec.placement.tolerations.");
        assertThat(plan(cluster, service(
                "shards: {count: 6}\nplacement: {tolerations: [{key: gpu, operator: Exists}]}")).nodes()).isEqualTo(2);
    }

    @Test
    void memoryIsAsGoodAsItsNumaNode() {
        ServicePlan plan = plan(two(1), service("shards: {count: 10}\nmemory: {perShard: 8Gi}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.classes().getFirst().reasons()).contains("No pod fits on nodes of class two: 80Gi asked,"
                + " a NUMA node has 64Gi; set spec.memory.perShard to at most 6553Mi.");
        assertThat(plan(two(1), service("shards: {count: 10}\nmemory: {perShard: 6Gi}")).classes().getFirst()
                .capacity()).isEqualTo(2);
        assertThat(plan(two(1), service("replicas: 4\nshards: {count: 6}\nmemory: {perShard: 6Gi}")).classes()
                .getFirst().capacity()).as("three times 36Gi of 128Gi").isEqualTo(3);
    }

    @Test
    void sharedCpusAreLeftFree() {
        assertThat(plan(two(1), service("replicas: 2\nshards: {count: 13}\nplacement: {sharedCPUs: 2}")).verdict())
                .isEqualTo(Verdict.Feasible);
        assertThat(plan(two(1), service("replicas: 2\nshards: {count: 13}\nplacement: {sharedCPUs: 3}")).verdict())
                .isEqualTo(Verdict.Infeasible);
        Cluster strict = new Cluster().profiles(profile("strict", """
                kubelet: {cpuManagerPolicy: static, cpuManagerPolicyOptions: {strict-cpu-reservation: "true"}}
                """)).nodes(node("a", 9, "8", "32Gi", NONE));
        assertThat(plan(strict, service("shards: {mode: FillNode}")).classes().getFirst().podCpus())
                .as("a CPU for what shares").isEqualTo(7);
    }

    @Test
    void withoutPinningOnlyTheSchedulersCountMatters() {
        Cluster cluster = new Cluster().nodes(node("a", 8, "7500m", "32Gi", NONE)).profiles(
                profile("plain", "kubelet: {cpuManagerPolicy: none}"));
        ServicePlan pinned = plan(cluster, service("shards: {count: 2}"));
        assertThat(pinned.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(pinned.classes().getFirst().reasons())
                .anyMatch(reason -> reason.contains("cpuManagerPolicy is none"));
        ServicePlan shared = plan(cluster, service("replicas: 3\nshards: {count: 2}\nplacement: {backend: None}"));
        assertThat(shared.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(shared.classes().getFirst().podCpus()).isEqualTo(2);
    }

    @Test
    void anUnknownKubeletProvesNothing() {
        ServicePlan plan = plan(new Cluster().nodes(node("a", 16, "15", "64Gi", NONE)), service("shards: {count: 4}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan.classes().getFirst().name()).isEqualTo("16cpu");
        assertThat(plan.classes().getFirst().source()).isEqualTo("Assumed");
        assertThat(plan.classes().getFirst().reasons())
                .anyMatch(reason -> reason.contains("declare a TopologyProfile"));
    }

    @Test
    void theHashChangesWithWhatWouldBeAppliedAlone() {
        String spec = "replicas: 2\nshards: {count: 6}\n";
        String hash = plan(two(3), service(spec)).hash();
        assertThat(plan(two(3), service(spec)).hash()).isEqualTo(hash);
        assertThat(plan(two(2).pods(pod("other", "n0", "2", "1Gi", NONE)), service(spec)).hash()).isEqualTo(hash);
        assertThat(plan(two(3), service("replicas: 3\nshards: {count: 6}\n")).hash()).isNotEqualTo(hash);
        assertThat(plan(two(3), service("replicas: 2\nshards: {count: 7}\n")).hash()).isNotEqualTo(hash);
        assertThat(plan(two(3), service(spec + "memory: {perShard: 2Gi}")).hash()).isNotEqualTo(hash);
        assertThat(plan(two(3), service(spec + "config: {solaster: {engine: {transport: nio}}}")).hash())
                .isNotEqualTo(hash);
    }

    @Test
    void theHashIsTheSameInEveryProcess() {
        assertThat(plan(two(1), service("""
                shards: {count: 6}
                config: {solaster: {engine: {groups: {a: {shares: 10}, b: {shares: 20}, c: {shares: 30}}}}}
                """)).hash()).isEqualTo("58eca6a640bf");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {}                                             | spec.shards.count is missing; write a number
            shards: {mode: PerNuma, count: 3}              | spec.shards.count: 3 stands beside mode PerNuma
            shards: {count: 0}                             | spec.shards.count: 0 is out of range; write a number from 1
            shards: {mode: PerNuma, min: 4, max: 2}        | spec.shards.min: 4 is above max 2; write at most 2
            {shards: {count: 1}, replicas: -1}             | spec.replicas: -1 is out of range
            {shards: {count: 1}, replicas: 2, autoscaling: {max: 3}} | spec.replicas: 2 stands beside autoscaling
            {shards: {count: 1}, memory: {perShard: lots}} | spec.memory.perShard: 'lots' is no amount of memory
            {shards: {count: 1}, memory: {heapShare: 1.5}} | spec.memory.heapShare: 1.5 is no part of the memory
            {shards: {count: 1}, rollout: {surge: 1}}      | spec.rollout.surge: 1 with a StatefulSet
            {shards: {count: 1}, config: {engine: {smt: true}}} | spec.config.engine.smt is no key of Solaster
            {shards: {count: 1}, config: {solaster: {engine: {shards: 4}}}} | spec.config.solaster.engine.shards: 4 contradicts spec.shards
            {shards: {count: 1}, config: {solaster: {engine: {housekeeping: 0-1}}}} | spec.config.solaster.engine.housekeeping: '0-1' lists CPUs
            {shards: {count: 1}, config: {solaster: {engine: {smt: true}}}} | spec.config.solaster.engine.smt: true contradicts
            {shards: {count: 1}, config: {solaster: {engine: {shardz: 4}}}} | spec.config: solaster.engine.shardz
            """)
    void whatCannotBeIsNamedWithTheFix(String spec, String message) {
        assertThatThrownBy(() -> plan(two(1), service(spec))).isInstanceOf(InvalidObjectException.class)
                .hasMessageStartingWith("ShardedService shop/kv: ").hasMessageContaining(message);
    }

    @Test
    void autoscalingIsPlannedForItsMost() {
        ServicePlan plan = plan(two(1), service("shards: {count: 10}\nautoscaling: {min: 1, max: 3}"));
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.replicas()).isEqualTo(3);
        assertThat(plan.reasons()).contains("Planned for the most replicas that autoscaling may ask for.");
    }
}
