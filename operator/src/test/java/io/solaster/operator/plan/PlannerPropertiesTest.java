package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.NodeState;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.Admission;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What must hold of every plan, over clusters and services that nobody thought of. */
class PlannerPropertiesTest {
    private static final List<String> POLICIES = List.of("none", "best-effort", "restricted", "single-numa-node");

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyPlanHolds(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 40; i++) {
            Sample sample = new Sample(random);
            List<ServicePlan> plans = sample.plan(sample.nodes.size());
            assertThat(sample.plan(sample.nodes.size())).as("the same again").isEqualTo(plans);
            sample.shuffle(random);
            assertThat(sample.plan(sample.nodes.size())).as("in whatever order it is read").isEqualTo(plans);
            for (ServicePlan plan : plans) {
                assertPlanHolds(plan, sample);
            }
        }
    }

    private static void assertPlanHolds(ServicePlan plan, Sample sample) {
        String what = plan.toString();
        assertThat(plan.nodes() + plan.nodesLeftOut()).as(what).isEqualTo(sample.nodes.size());
        assertThat(plan.classes().stream().mapToInt(ClassPlan::replicas).sum()).as(what).isEqualTo(plan.replicas());
        assertThat(plan.reasons()).as(what).isNotEmpty().allMatch(reason -> reason.endsWith("."));
        Inventory inventory = sample.inventory(sample.nodes.size());
        for (ClassPlan each : plan.classes()) {
            assertThat(each.capacity()).as(what).isLessThanOrEqualTo(each.possible());
            assertThat(each.possible()).as("never more than the scheduler sees: %s", what)
                    .isLessThanOrEqualTo(Math.max(each.possible(), each.schedulerSees()));
            int allocatable = inventory.nodes().stream().filter(node -> node.topologyClass().name().equals(each.name()))
                    .mapToInt(node -> (int) (node.allocatableMilliCpus() / 1000)).sum();
            assertThat(each.possible() * each.podCpus()).as("within what is allocatable: %s", what)
                    .isLessThanOrEqualTo(allocatable);
            if (plan.verdict() == Verdict.Feasible && each.replicas() > 0) {
                assertThat(each.replicas() + plan.surge()).as(what).isLessThanOrEqualTo(each.capacity());
                assertThat(each.numaNodes()).as("never split: %s", what).isEqualTo(1);
            }
            each.sizes().forEach(size -> assertThat(size.strandedCpus()).as(what).isGreaterThanOrEqualTo(0));
        }
    }

    @Test
    void moreNodesNeverHoldFewerPods() {
        Random random = new Random(9);
        for (int i = 0; i < 60; i++) {
            Sample sample = new Sample(random);
            int before = 0;
            Verdict verdict = Verdict.Infeasible;
            for (int nodes = 1; nodes <= sample.nodes.size(); nodes++) {
                ServicePlan plan = sample.plan(nodes).getFirst();
                int capacity = plan.classes().stream().mapToInt(ClassPlan::capacity).sum();
                assertThat(capacity).as("%s", plan).isGreaterThanOrEqualTo(before);
                if (verdict == Verdict.Feasible) {
                    assertThat(plan.verdict()).as("%s", plan).isEqualTo(Verdict.Feasible);
                }
                before = capacity;
                verdict = plan.verdict();
            }
        }
    }

    /** A pod's shards are counted from its cores alone; the engine counts them on the CPUs that it gets. */
    @Test
    void asManyShardsAsTheEngineMakes() {
        EngineConfig engine = SolasterConfig.defaults().engine();
        for (int threads = 1; threads <= 2; threads++) {
            for (boolean perThread : new boolean[]{false, true}) {
                Inventory inventory = Inventory.of(new Cluster().nodes(Objects.node("a", 96, "90", "1Ti", Map.of()))
                        .profiles(profile(2, 48, threads, "best-effort")).objects());
                TopologyClass machine = inventory.classes().getFirst();
                Wanted wanted = Wanted.of(Objects.service(
                        "shards: {count: 1}\nplacement: {shardPer: " + (perThread ? "Thread" : "Core") + "}"));
                PodSizer sizer = PodSizer.take();
                for (int cpus = threads; cpus <= 90; cpus += threads) {
                    Admission admission = machine.freshNode().admit(cpus);
                    CpuSet got = admission.cpus().getFirst();
                    int shards = ShardPlanner.plan(machine.topology().machine(got, 0), engine.withSmt(perThread))
                            .shards()
                            .size();
                    assertThat(sizer.shards(machine, wanted, cpus)).as("%d CPUs: %s", cpus, got).isEqualTo(shards);
                }
            }
        }
    }

    private static TopologyProfile profile(int nodes, int cpus, int threads, String policy) {
        StringBuilder numa = new StringBuilder();
        for (int i = 0; i < nodes; i++) {
            numa.append(i == 0 ? "" : ", ").append("{cpus: ").append(i * cpus).append('-').append((i + 1) * cpus - 1)
                    .append("}");
        }
        return Objects.profile("p" + nodes + "x" + cpus, """
                nodeSelector: {}
                numaNodes: [%s]
                threadsPerCore: %d
                threadNumbering: Adjacent
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: %s, topologyManagerScope: pod}
                """.formatted(numa, threads, policy));
    }

    /** A cluster and services. */
    private static final class Sample {
        private final List<Node> nodes = new ArrayList<>();
        private final List<Pod> pods = new ArrayList<>();
        private final List<ShardedService> services = new ArrayList<>();
        private final TopologyProfile profile;

        Sample(Random random) {
            int threads = 1 + random.nextInt(2);
            int numa = 1 + random.nextInt(4);
            int cpus = threads * (2 + random.nextInt(12));
            profile = profile(numa, cpus, threads, POLICIES.get(random.nextInt(4)));
            int total = numa * cpus;
            int count = 1 + random.nextInt(6);
            for (int i = 0; i < count; i++) {
                nodes.add(Objects.node("n" + i, total, String.valueOf(total - threads), "1Ti", Map.of()));
                int free = total - threads;
                for (int pod = 0; random.nextInt(3) > 0 && free > threads; pod++) {
                    int taken = threads * (1 + random.nextInt(Math.max(1, free / threads / 2)));
                    pods.add(Objects.pod("p" + i + "-" + pod, "n" + i, String.valueOf(taken), "1Gi", Map.of()));
                    free -= taken;
                }
            }
            for (int i = 0; i < 2; i++) {
                services.add(Objects.service("s" + i, "replicas: " + (1 + random.nextInt(6)) + "\nworkload: "
                        + (random.nextBoolean() ? "Deployment" : "StatefulSet") + "\nshards: {count: "
                        + (1 + random.nextInt(Math.max(1, cpus / threads))) + "}"));
            }
        }

        void shuffle(Random random) {
            Collections.shuffle(nodes, random);
            Collections.shuffle(pods, random);
        }

        Inventory inventory(int howMany) {
            List<Node> some = nodes.stream().filter(node -> Integer.parseInt(
                    node.getMetadata().getName().substring(1)) < howMany).toList();
            return Inventory.of(new Cluster().nodes(some.toArray(new Node[0])).pods(pods.toArray(new Pod[0]))
                    .profiles(profile).objects());
        }

        List<ServicePlan> plan(int howMany) {
            return Planner.plan(inventory(howMany), services);
        }
    }

    @Test
    void nodesAreGivenToServicesOnce() {
        Random random = new Random(3);
        for (int i = 0; i < 40; i++) {
            Sample sample = new Sample(random);
            List<ServicePlan> plans = sample.plan(sample.nodes.size());
            if (plans.stream().allMatch(plan -> plan.verdict() == Verdict.Feasible)) {
                int asked = plans.stream().flatMap(plan -> plan.classes().stream())
                        .mapToInt(each -> each.replicas() * each.podCpus()).sum();
                int free = sample.inventory(sample.nodes.size()).nodes().stream()
                        .mapToInt(PlannerPropertiesTest::free).sum();
                assertThat(asked).as("%s", plans).isLessThanOrEqualTo(free);
            }
        }
    }

    private static int free(NodeState node) {
        int free = -node.hidden();
        for (int cpus : node.cpus()) {
            free += cpus;
        }
        return free;
    }
}
