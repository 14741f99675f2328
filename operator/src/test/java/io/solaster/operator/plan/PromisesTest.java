package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.inventory.TopologyClass;
import io.solaster.operator.kubelet.Admission;
import io.solaster.operator.kubelet.KubeletNode;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is promised, the simulated kubelet keeps: on machines of all kinds, also those whose kubelet has defects. */
class PromisesTest {
    private static final List<String> OPTIONS = List.of("full-pcpus-only", "strict-cpu-reservation",
            "distribute-cpus-across-numa", "prefer-align-cpus-by-uncorecache", "align-by-socket",
            "distribute-cpus-across-cores");
    private static final List<String> POLICIES = List.of("none", "best-effort", "restricted", "single-numa-node");

    private static final String UNEVEN = """
            sockets: 2
            numaNodes: [{cpus: 0-11}, {cpus: 12-19}]
            reservedCPUs: "0"
            allowKubeletDefects: %s
            kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: %s, topologyManagerScope: pod}
            """;

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void everyPodThatWasPromisedIsLetIn(long seed) {
        Random random = new Random(seed);
        int promised = 0;
        for (int i = 0; i < 250; i++) {
            promised += new Sample(random).play();
        }
        assertThat(promised).isGreaterThan(30);
    }

    /** A node, what runs there, and a service. */
    private static final class Sample {
        private final Random random;
        private final int cpus;
        private final int reserved;
        private final String profile;

        Sample(Random random) {
            this.random = random;
            int threads = 1 + random.nextInt(2);
            int nodes = 1 + random.nextInt(6);
            int sockets = divisor(nodes);
            int cores = (1 + random.nextInt(10)) * (nodes == 1 ? 4 : 1);
            boolean adjacent = random.nextBoolean();
            int all = nodes * cores * threads;
            List<CpuSet> numa = IntStream.range(0, nodes)
                    .mapToObj(node -> threads(node * cores, cores, threads, nodes * cores, adjacent)).toList();
            int perCache = divisor(cores);
            List<CpuSet> caches = IntStream.range(0, nodes * cores / perCache)
                    .mapToObj(cache -> threads(cache * perCache, perCache, threads, nodes * cores, adjacent)).toList();
            CpuSet offline = random.nextInt(4) == 0 && all > 8
                    ? CpuSet.of(random.ints(1 + random.nextInt(3), 0, all).toArray())
                    : CpuSet.EMPTY;
            cpus = all - offline.size();
            reserved = Math.min(cpus - 1, 1 + random.nextInt(4));
            boolean listed = random.nextBoolean();
            CpuSet some = CpuSet.of(random.ints(0, all).filter(cpu -> !offline.contains(cpu)).distinct()
                    .limit(reserved).toArray());
            String options = OPTIONS.stream().filter(option -> random.nextInt(4) == 0)
                    .map(option -> option + ": \"true\"").collect(Collectors.joining(", "));
            profile = "sockets: " + sockets + "\nnumaNodes: ["
                    + numa.stream().map(each -> "{cpus: \"" + each + "\"}").collect(Collectors.joining(", "))
                    + "]\nthreadsPerCore: " + threads + "\nthreadNumbering: " + (adjacent ? "Adjacent" : "Split")
                    + "\nl3Groups: ["
                    + caches.stream().map(each -> "\"" + each + "\"").collect(Collectors.joining(", "))
                    + "]\nofflineCPUs: \"" + offline + "\"\n" + (listed ? "reservedCPUs: \"" + some + "\"\n" : "")
                    + "allowKubeletDefects: " + random.nextBoolean()
                    + "\nkubelet: {cpuManagerPolicy: static, cpuManagerPolicyOptions: {" + options
                    + "}, topologyManagerPolicy: " + POLICIES.get(random.nextInt(4)) + ", topologyManagerScope: "
                    + (random.nextBoolean() ? "pod" : "container") + "}";
        }

        private int divisor(int of) {
            int[] divisors = IntStream.rangeClosed(1, of).filter(n -> of % n == 0).toArray();
            return divisors[random.nextInt(divisors.length)];
        }

        private static CpuSet threads(int first, int count, int threads, int cores, boolean adjacent) {
            return CpuSet.of(IntStream.range(first, first + count).flatMap(core -> IntStream.range(0, threads)
                    .map(thread -> adjacent ? core * threads + thread : core + thread * cores)).toArray());
        }

        private Cluster cluster() {
            return new Cluster().profiles(Objects.profile("machine", profile))
                    .nodes(Objects.node("n", cpus, String.valueOf(cpus - reserved), "4Ti", Map.of()));
        }

        /** @return 1 if all pods were promised to fit */
        int play() {
            TopologyClass machine = Inventory.of(cluster().objects()).classes().getFirst();
            if (!machine.problem().isEmpty()) {
                return 0;
            }
            KubeletNode kubelet = machine.freshNode();
            Cluster cluster = cluster();
            for (int pod = 0; random.nextInt(4) > 0; pod++) {
                int asked = 1 + random.nextInt(Math.max(1, cpus / 3));
                if (kubelet.admit(asked).admitted()) {
                    cluster.pods(Objects.pod("p" + pod, "n", String.valueOf(asked), "1Gi", Map.of()));
                }
            }
            if (random.nextBoolean()) {
                cluster.topologies(zones(machine, kubelet.freeByNode()));
            }
            ServicePlan plan = Planner.plan(Inventory.of(cluster.objects()), List.of(Objects.service("workload: "
                    + (random.nextBoolean() ? "Deployment" : "StatefulSet") + "\nreplicas: " + (1 + random.nextInt(3))
                    + "\nshards: {count: " + (1 + random.nextInt(Math.max(1, cpus / 6))) + "}\nplacement: {numa: "
                    + List.of("Single", "Split", "Any").get(random.nextInt(3)) + "}"))).getFirst();
            if (plan.verdict() != Verdict.Feasible) {
                return 0;
            }
            ClassPlan there = plan.classes().getFirst();
            CpuSet free = kubelet.free();
            for (int pod = 0; pod < there.capacity(); pod++) {
                Admission admission = kubelet.admit(there.podCpus());
                String what = "pod " + pod + " of " + there + "\n" + profile + "\n" + free + ": " + admission;
                assertThat(admission.admitted()).as(what).isTrue();
                CpuSet got = admission.cpus().getFirst();
                assertThat(got.size()).as(what).isEqualTo(there.podCpus());
                assertThat(free.containsAll(got)).as("neither reserved nor taken: %s", what).isTrue();
                free = free.minus(got);
            }
            return 1;
        }

        private static GenericKubernetesResource zones(TopologyClass machine, int[] free) {
            int[] nodes = machine.topology().nodes();
            List<String> zones = new ArrayList<>();
            for (int i = 0; i < nodes.length; i++) {
                CpuSet here = machine.topology().cpusOfNode(nodes[i]);
                zones.add(
                        "{name: node-%d, type: Node, resources: [{name: cpu, capacity: %d, allocatable: %d, available: %d}]}"
                                .formatted(nodes[i], here.size(), here.minus(machine.kubelet().reserved()).size(),
                                        free[i]));
            }
            return Objects.yaml("metadata: {name: n}\nzones: [" + String.join(", ", zones) + "]",
                    GenericKubernetesResource.class);
        }
    }

    private static ServicePlan plan(String profile, int cpus, int allocatable, String spec) {
        return Planner.plan(Inventory.of(new Cluster().profiles(Objects.profile("big", profile))
                .nodes(Objects.node("n", cpus, String.valueOf(allocatable), "1Ti", Map.of())).objects()),
                List.of(Objects.service(spec))).getFirst();
    }

    @Test
    void nothingIsPlannedWhereSocketsAreUneven() {
        ServicePlan plan = plan(UNEVEN.formatted("false", "single-numa-node"), 20, 19, "shards: {count: 4}");
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan.classes().getFirst().reasons()).anyMatch(reason -> reason.startsWith("No pod fits on nodes of"
                + " class big: the kubelet may hand out reserved and taken CPUs there, since its sockets have 8 and 12 CPUs"
                + " and it reckons with the average; bring its CPUs online, or set spec.allowKubeletDefects"));
        assertThat(plan(UNEVEN.formatted("false", "none"), 20, 19, "shards: {count: 4}\nplacement: {backend: None}")
                .verdict()).as("pods without CPUs of their own").isEqualTo(Verdict.Feasible);
    }

    @Test
    void defectsThatAreAllowedMakeAPlanUnproven() {
        ServicePlan plan = plan(UNEVEN.formatted("true", "single-numa-node"), 20, 19, "shards: {count: 4}");
        assertThat(plan.verdict()).isEqualTo(Verdict.Unproven);
        assertThat(plan.classes().getFirst().reasons())
                .anyMatch(reason -> reason.startsWith("Unproven: the kubelet may hand out reserved and taken CPUs"));
    }

    @Test
    void aThreadThatIsOfflineMakesCoresUneven() {
        String profile = """
                numaNodes: [{cpus: 0-7}]
                threadsPerCore: 2
                offlineCPUs: "%s"
                reservedCPUs: "0"
                kubelet: {cpuManagerPolicy: static, topologyManagerPolicy: none}
                """;
        assertThat(plan(profile.formatted("7"), 7, 6, "shards: {count: 1}").classes().getFirst().reasons())
                .anyMatch(reason -> reason.contains("since its cores have 1 and 2 threads"));
        // A core less is a core less.
        assertThat(plan(profile.formatted("3,7"), 6, 5, "shards: {count: 1}").verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan(profile.formatted(""), 7, 6, "shards: {count: 1}").classes().getFirst().reasons())
                .anyMatch(reason -> reason
                        .contains("lists 8 CPUs, node n has 7: list those that it has and in offlineCPUs"));
    }
}
