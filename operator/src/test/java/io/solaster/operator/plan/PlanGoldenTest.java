package io.solaster.operator.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.solaster.config.value.CpuSet;
import io.solaster.operator.Objects;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.Inventory;
import io.solaster.operator.kubelet.CpuTopology;
import io.solaster.operator.kubelet.Shapes;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * What is planned on real machines, reckoned by hand from what the kubelet and the scheduler document. In the table:
 *
 * <ul>
 * <li>nodes: how many, which machine, its reserved CPUs and its memory, and what else is to be said of them:
 * {@code cordoned}, {@code unready}, {@code taint:KEY}, {@code pool:NAME}, {@code huge:SIZE} of huge pages,
 * {@code free:N,N} seen on its NUMA nodes, {@code dra:N,N} published by the CPU driver, {@code undeclared}
 * <li>kubelet: options, the Topology Manager's policy and scope; 'cpus-none' is the CPU Manager's policy none
 * <li>pods: on which node, CPUs/memory; with 'own', of the service itself; '?' where nothing tells
 * <li>plan: of each class, those with pods first, CPUs/shards of a pod, replicas, of how many there is room for, and how
 * many the scheduler sees room for
 * </ul>
 */
class PlanGoldenTest {

    @ParameterizedTest
    @CsvFileSource(resources = "/plan/plans.csv", delimiter = ';', numLinesToSkip = 1)
    void plansAsReckonedByHand(String kubelet, String source, String nodes, String configuration, String pods,
            String service, Verdict verdict, String plan, Verdict afterLoss, String says) {
        ServicePlan made = Planner.plan(Inventory.of(cluster(nodes, configuration, pods).objects()),
                List.of(Objects.service("{" + service + "}"))).getFirst();
        String classes = made.classes().stream()
                .map(each -> "%d/%d %d of %s sees %d".formatted(each.podCpus(), each.shards(), each.replicas(),
                        each.capacity() == each.possible()
                                ? String.valueOf(each.possible())
                                : each.capacity() + "-" + each.possible(),
                        each.schedulerSees()))
                .collect(Collectors.joining(" & "));
        String all = Stream.concat(made.reasons().stream(),
                made.classes().stream().flatMap(each -> each.reasons().stream())).collect(Collectors.joining("\n"));
        assertThat(made.verdict() + " " + classes + " " + made.afterNodeLoss()).as(all)
                .isEqualTo(verdict + " " + (plan == null ? "" : plan) + " " + afterLoss);
        assertThat(all).contains(says == null ? "" : says);
    }

    private static Cluster cluster(String nodes, String configuration, String pods) {
        Cluster cluster = new Cluster();
        TreeMap<String, TopologyProfile> profiles = new TreeMap<>();
        int number = 0;
        for (String group : nodes.split(" & ")) {
            String[] words = group.split(" ");
            CpuTopology machine = Shapes.named(words[1]);
            Map<String, String> more = Stream.of(words).skip(4).map(word -> word.split(":", 2))
                    .collect(Collectors.toMap(word -> word[0], word -> word.length > 1 ? word[1] : ""));
            for (int i = 0; i < Integer.parseInt(words[0]); i++) {
                String name = "n" + number++;
                cluster.nodes(node(name, machine, words, more));
                if (more.containsKey("free")) {
                    cluster.topologies(topology(name, machine, words[2], more.get("free")));
                }
                if (more.containsKey("dra")) {
                    cluster.slices(Objects.slice(name, more.get("dra").split(",")));
                }
            }
            if (!more.containsKey("undeclared")) {
                profiles.put(words[1], profile(words[1], machine, words[2], words[3], configuration));
            }
        }
        profiles.values().forEach(cluster::profiles);
        if ("?".equals(pods)) {
            return cluster.unknownPods();
        }
        for (String pod : pods == null ? new String[0] : pods.split(", ")) {
            String[] words = pod.split("[ /]");
            boolean own = words[1].equals("own");
            cluster.pods(Objects.pod(pod, words[0], words[own ? 2 : 1], words[own ? 3 : 2],
                    own ? Map.of(ShardedService.LABEL, "kv") : Map.of()));
        }
        return cluster;
    }

    private static CpuSet reserved(String list) {
        return list.equals("-") ? CpuSet.EMPTY : CpuSet.parse(list);
    }

    private static Node node(String name, CpuTopology machine, String[] words, Map<String, String> more) {
        Map<String, String> labels = new TreeMap<>(Map.of("machine", words[1]));
        if (more.containsKey("pool")) {
            labels.put("pool", more.get("pool"));
        }
        NodeBuilder node = new NodeBuilder(Objects.node(name, machine.size(),
                String.valueOf(machine.size() - reserved(words[2]).size()), words[3], labels));
        if (more.containsKey("huge")) {
            node.editStatus().addToAllocatable("hugepages-2Mi", new Quantity(more.get("huge"))).endStatus();
        }
        if (more.containsKey("unready")) {
            node.editStatus().editFirstCondition().withStatus("False").endCondition().endStatus();
        }
        if (more.containsKey("cordoned")) {
            node.withNewSpec().withUnschedulable(true).endSpec();
        }
        if (more.containsKey("taint")) {
            node.withNewSpec().addNewTaint().withKey(more.get("taint")).withEffect("NoSchedule").endTaint().endSpec();
        }
        return node.build();
    }

    /** The machine as its owner would declare it; each NUMA node has its part of the memory. */
    private static TopologyProfile profile(String name, CpuTopology machine, String reserved, String memory,
            String configuration) {
        int[] nodes = machine.nodes();
        long each = Long.parseLong(memory.replace("Gi", "")) * 1024 / nodes.length;
        String numa = Arrays.stream(nodes)
                .mapToObj(node -> "{cpus: \"" + machine.cpusOfNode(node) + "\", memory: " + each + "Mi}")
                .collect(Collectors.joining(", "));
        Map<Integer, List<Integer>> caches = machine.cpus().stream().collect(Collectors.groupingBy(
                CpuTopology.Cpu::cache, TreeMap::new, Collectors.mapping(CpuTopology.Cpu::id, Collectors.toList())));
        String l3 = caches.values().stream()
                .map(cpus -> "\"" + CpuSet.of(cpus.stream().mapToInt(Integer::intValue).toArray()) + "\"")
                .collect(Collectors.joining(", "));
        boolean adjacent = machine.threadsPerCore() > 1 && machine.coreOf(1) == 0;
        List<String> words = configuration == null ? List.of() : List.of(configuration.split(" "));
        List<String> policies = List.of("best-effort", "restricted", "single-numa-node");
        String options = words.stream()
                .filter(word -> !policies.contains(word) && !List.of("pod", "cpus-none", "none").contains(word))
                .map(word -> word + ": \"true\"").collect(Collectors.joining(", "));
        return Objects.profile(name, """
                nodeSelector: {machine: %s}
                sockets: %d
                numaNodes: [%s]
                threadsPerCore: %d
                threadNumbering: %s
                l3Groups: [%s]
                %s
                kubelet:
                  cpuManagerPolicy: %s
                  cpuManagerPolicyOptions: {%s}
                  topologyManagerPolicy: %s
                  topologyManagerScope: %s
                """.formatted(name, machine.socketCount(), numa, machine.threadsPerCore(),
                adjacent ? "Adjacent" : "Split", l3, reserved.equals("-") ? "" : "reservedCPUs: \"" + reserved + "\"",
                words.contains("cpus-none") ? "none" : "static", options,
                words.stream().filter(policies::contains).findFirst().orElse("none"),
                words.contains("pod") ? "pod" : "container"));
    }

    /** What Node Feature Discovery tells. */
    private static GenericKubernetesResource topology(String name, CpuTopology machine, String reserved, String free) {
        CpuSet kept = reserved(reserved);
        String[] available = free.split(",");
        int[] nodes = machine.nodes();
        List<String> zones = new ArrayList<>();
        for (int i = 0; i < nodes.length; i++) {
            CpuSet cpus = machine.cpusOfNode(nodes[i]);
            zones.add(
                    "{name: node-%d, type: Node, resources: [{name: cpu, capacity: %d, allocatable: %d, available: %s}]}"
                            .formatted(nodes[i], cpus.size(), cpus.minus(kept).size(), available[i]));
        }
        return Objects.yaml("{apiVersion: topology.node.k8s.io/v1alpha2, kind: NodeResourceTopology, metadata: {name: "
                + name + "}, zones: [" + String.join(", ", zones) + "]}", GenericKubernetesResource.class);
    }
}
