package io.solaster.operator.plan;

import static io.solaster.operator.Objects.node;
import static io.solaster.operator.Objects.service;
import static io.solaster.operator.Objects.twoBy16;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Node;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.inventory.InvalidObjectException;
import io.solaster.operator.inventory.Inventory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The containers beside the service's, and the nodes that it asks for: what they take is planned for. */
class CompanionsTest {
    private static final String SPEC = "image: kv\nreplicas: 2\nshards: {count: 8}\nmemory: {perShard: 1Gi}\n";

    private static ServicePlan plan(String more, Node... nodes) {
        return Planner.plan(Inventory.of(new Cluster().profiles(twoBy16()).nodes(nodes).pods().objects()),
                List.of(service(SPEC + more))).getFirst();
    }

    private static Node small(String name) {
        // Two pods of 9 CPUs, and 200m.
        return node(name, 32, "18200m", "128Gi", Map.of("kubernetes.io/hostname", name, "disk", "nvme", "rack", "7"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            sidecars       | {name: p}                                                                              | 'p' has no limit of cpu
            sidecars       | {name: p, resources: {limits: {cpu: 100m}}}                                            | 'p' has no limit of memory: its pods would not be Guaranteed
            sidecars       | {name: p, resources: {requests: {cpu: 100m, memory: 1Mi}, limits: {cpu: 250m, memory: 1Mi}}} | 'p' asks for 100m of cpu and may take 250m, 150m more: its pods would be Burstable
            initContainers | {name: p, resources: {requests: {memory: 1Ki}, limits: {cpu: 100m, memory: 3Ki}}}      | 'p' asks for 1024 of memory and may take 3072, 2048 more
            sidecars       | {name: p, resources: {limits: {cpu: 2, memory: 1Mi}}}                                  | 'p' asks for 2 CPUs, a whole number: the kubelet would give it CPUs of its own, beside the shards'; write 1900m or 2100m
            initContainers | {name: p, resources: {limits: {cpu: 1, memory: 1Mi}}}                                  | write 900m or 1100m
            sidecars       | {name: service, resources: {limits: {cpu: 100m, memory: 1Mi}}}                         | 'service' is no name of its own
            sidecars       | {image: p}                                                                             | 'null' is no name of its own
            sidecars       | {name: p, resources: {limits: {cpu: much, memory: 1Mi}}}                               | 'much' is no amount of cpu
            """)
    void whatWouldTakeTheCpusFromTheServiceIsRefused(String key, String container, String message) {
        assertThatThrownBy(() -> plan("pod: {" + key + ": [" + container + "]}\n", small("a")))
                .isInstanceOf(InvalidObjectException.class).hasMessageContaining("spec.pod." + key + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void whereCpusAreSharedAnywayContainersAreAsTheyLike() {
        assertThat(plan("placement: {backend: None}\npod: {sidecars: [{name: p, resources: {requests: {cpu: 1}}}]}\n",
                small("a"), small("b")).verdict()).isEqualTo(Verdict.Feasible);
    }

    @Test
    void theSchedulerCountsThemBesideTheService() {
        assertThat(plan("", small("a")).verdict()).isEqualTo(Verdict.Feasible);
        ServicePlan fits = plan("pod: {sidecars: [{name: p, resources: {limits: {cpu: 100m, memory: 64Mi}}}]}\n",
                small("a"));
        assertThat(fits.verdict()).isEqualTo(Verdict.Feasible);
        assertThat(fits.classes().getFirst().podCpus()).isEqualTo(9);
        assertThat(fits.classes().getFirst().podMemory()).as("the service's own").isEqualTo(8L << 30);
        assertThat(fits.classes().getFirst().reasons())
                .contains("With its other containers it asks for 9100m CPUs and 8256Mi, and these share CPUs.");
        // 2 x 9101m of 18200m.
        ServicePlan not = plan("pod: {sidecars: [{name: p, resources: {limits: {cpu: 101m, memory: 64Mi}}}]}\n",
                small("a"));
        assertThat(not.verdict()).isEqualTo(Verdict.Infeasible);
        // One that ends before the service begins takes what that gets later.
        assertThat(plan("pod: {initContainers: [{name: p, resources: {limits: {cpu: 8500m, memory: 64Mi}}}]}\n",
                small("a")).verdict()).isEqualTo(Verdict.Feasible);
        assertThat(plan("pod: {initContainers: [{name: p, resources: {limits: {cpu: 9500m, memory: 64Mi}}}]}\n",
                small("a")).verdict()).isEqualTo(Verdict.Infeasible);
        assertThat(plan("pod: {sidecars: [{name: p, resources: {limits: {cpu: 10m, memory: 60Gi}}}]}\n", small("a"))
                .verdict()).isEqualTo(Verdict.Infeasible);
    }

    @Test
    void whatFillsANodeLeavesRoomForThem() {
        String spec = "image: kv\nreplicas: 1\nshards: {mode: FillNode}\nplacement: {numa: Any}\n";
        Inventory inventory = Inventory
                .of(new Cluster().nodes(node("a", 16, "15200m", "64Gi", Map.of())).pods().objects());
        assertThat(Planner.plan(inventory, List.of(service(spec))).getFirst().classes().getFirst().podCpus())
                .isEqualTo(15);
        assertThat(Planner.plan(inventory, List.of(service(spec
                + "pod: {sidecars: [{name: p, resources: {limits: {cpu: 300m, memory: 1Mi}}}]}\n"))).getFirst()
                .classes()
                .getFirst().podCpus()).isEqualTo(14);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {matchExpressions: [{key: disk, operator: In, values: [hdd, nvme]}]}          | 2
            {matchExpressions: [{key: disk, operator: NotIn, values: [nvme]}]}            | 0
            {matchExpressions: [{key: cpu, operator: NotIn, values: [old]}]}              | 2
            {matchExpressions: [{key: disk, operator: Exists}]}                           | 2
            {matchExpressions: [{key: disk, operator: DoesNotExist}]}                     | 0
            {matchExpressions: [{key: rack, operator: Gt, values: ['6']}]}                | 2
            {matchExpressions: [{key: rack, operator: Lt, values: ['7']}]}                | 0
            {matchExpressions: [{key: disk, operator: Gt, values: ['6']}]}                | 0
            {matchFields: [{key: metadata.name, operator: In, values: [a]}]}              | 1
            {matchExpressions: [{key: disk, operator: Exists}, {key: no, operator: Exists}]} | 0
            {matchExpressions: [{key: no, operator: Exists}]}, {matchFields: [{key: metadata.name, operator: In, values: [b]}]} | 1
            {}                                                                            | 0
            """)
    void requiredNodesAreThoseThatArePlannedFor(String terms, int nodes) {
        ServicePlan plan = plan("pod: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
                + " {nodeSelectorTerms: [" + terms + "]}}}}\n", small("a"), small("b"));
        assertThat(plan.nodes()).isEqualTo(nodes);
        if (nodes < 2) {
            assertThat(plan.reasons()).anyMatch(each -> each.endsWith("not among the nodes of spec.pod.affinity."));
        }
    }

    @Test
    void whatDependsOnOtherPodsIsUnproven() {
        String anti = "pod: {affinity: {podAntiAffinity: {%sDuringSchedulingIgnoredDuringExecution: [%s]}}}\n";
        assertThat(plan(anti.formatted("required", "{topologyKey: rack}"), small("a"), small("b")).verdict())
                .isEqualTo(Verdict.Unproven);
        assertThat(plan(anti.formatted("preferred", "{weight: 1, podAffinityTerm: {topologyKey: rack}}"), small("a"),
                small("b")).verdict()).isEqualTo(Verdict.Feasible);
        assertThatThrownBy(() -> plan("pod: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
                + " {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Like}]}]}}}}\n", small("a")))
                .hasMessageContaining("operator 'Like' is unknown; write one of DoesNotExist, Exists");
    }
}
