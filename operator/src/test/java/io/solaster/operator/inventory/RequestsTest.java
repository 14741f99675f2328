package io.solaster.operator.inventory;

import static io.solaster.operator.Objects.node;
import static io.solaster.operator.Objects.service;
import static io.solaster.operator.Objects.twoBy16;
import static io.solaster.operator.Objects.yaml;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.Pod;
import io.solaster.operator.Objects.Cluster;
import io.solaster.operator.plan.Planner;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the scheduler adds up: its own rule, case by case. Figures in thousandths of CPUs and MiB. */
class RequestsTest {
    private static final String MAIN = "containers: [{name: main, resources: {limits: {cpu: 4, memory: 1Gi}}}]";

    private static Pod pod(String spec, String status) {
        return yaml(
                "{metadata: {name: p, namespace: shop}, spec: {nodeName: n0, " + spec + "}, status: {" + status + "}}",
                Pod.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            its containers                      | %s                                                                           | 4000 | 1024 | 4
            an init container that wants less   | initContainers: [{name: i, resources: {limits: {cpu: 3}}}], %s               | 4000 | 1024 | 0
            one that wants more                 | initContainers: [{name: i, resources: {limits: {cpu: 6, memory: 2Gi}}}], %s  | 6000 | 2048 | 6
            a sidecar is there all the time     | initContainers: [{name: s, restartPolicy: Always, resources: {limits: {cpu: 500m, memory: 1Gi}}}], %s | 4500 | 2048 | 4
            an init container after a sidecar   | initContainers: [{name: s, restartPolicy: Always, resources: {limits: {cpu: 2, memory: 1Gi}}}, {name: i, resources: {limits: {cpu: 6, memory: 1Gi}}}], %s | 8000 | 2048 | 8
            the overhead of its RuntimeClass    | overhead: {cpu: 250m, memory: 64Mi}, %s                                      | 4250 | 1088 | 4
            the pod's own instead               | resources: {requests: {cpu: 12, memory: 3Gi}, limits: {cpu: 12, memory: 3Gi}}, %s | 12000 | 3072 | 0
            of CPUs alone                       | resources: {requests: {cpu: 12}}, %s                                         | 12000 | 1024 | 0
            and its overhead                    | overhead: {cpu: 250m}, resources: {requests: {cpu: 12}}, %s                  | 12250 | 1024 | 0
            a limit, and containers that ask    | resources: {limits: {cpu: 12}}, %s                                           | 4000 | 1024 | 0
            a limit, and none that asks         | resources: {limits: {cpu: 12, memory: 2Gi}}, containers: [{name: main}]      | 12000 | 2048 | 0
            what the pod has no say in          | resources: {requests: {example.com/gpu: 1}}, %s                              | 4000 | 1024 | 4
            """)
    void whatAPodAsksFor(String what, String spec, long milliCpus, long mebibytes, int exclusive) {
        Pod pod = pod(spec.formatted(MAIN), "");
        assertThat(Requests.milliCpus(pod)).isEqualTo(milliCpus);
        assertThat(Requests.memory(pod) >> 20).isEqualTo(mebibytes);
        assertThat(Requests.exclusive(pod).exclusive()).isEqualTo(exclusive);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            grown, not granted yet | allocatedResources: {cpu: 2, memory: 1Gi}, resources: {requests: {cpu: 2, memory: 1Gi}} | | 4000
            shrunk, still in force | allocatedResources: {cpu: 4, memory: 1Gi}, resources: {requests: {cpu: 9, memory: 1Gi}} | | 9000
            granted                | allocatedResources: {cpu: 6, memory: 1Gi}, resources: {requests: {cpu: 2, memory: 1Gi}} | | 6000
            refused for good       | allocatedResources: {cpu: 2, memory: 1Gi}, resources: {requests: {cpu: 2, memory: 1Gi}} | Infeasible | 2000
            put off                | allocatedResources: {cpu: 2, memory: 1Gi}, resources: {requests: {cpu: 2, memory: 1Gi}} | Deferred | 4000
            nothing is told        | ready: true | | 4000
            """)
    void whileItChangesItsSizeInPlaceTheMostCounts(String what, String container, String pending, long milliCpus) {
        Pod pod = pod(MAIN, "containerStatuses: [{name: main, " + container + "}]" + (pending == null
                ? ""
                : ", conditions: [{type: PodResizePending, status: 'True', reason: " + pending + "}]"));
        assertThat(Requests.milliCpus(pod)).isEqualTo(milliCpus);
    }

    @Test
    void thePodsOwnChangeInPlace() {
        String own = "overhead: {cpu: 1}, resources: {requests: {cpu: 3}}, " + MAIN;
        // The kubelet tells them with the overhead.
        assertThat(Requests.milliCpus(pod(own, "allocatedResources: {cpu: 9}"))).isEqualTo(9_000);
        assertThat(Requests.milliCpus(pod(own, "resources: {requests: {cpu: 2}}"))).isEqualTo(4_000);
    }

    @Test
    void aPlanIsMadeAnewWhereAPodAsksForMore() {
        Pod before = pod(MAIN, "phase: Running");
        assertThat(Requests.same(before, pod(MAIN, "phase: Running, message: x"))).isTrue();
        // The kubelet's word for it, which comes to the same.
        assertThat(Requests.same(before, pod(MAIN,
                "containerStatuses: [{name: main, allocatedResources: {cpu: 4, memory: 1Gi}}]"))).isTrue();
        assertThat(Requests.same(before, pod(MAIN.replace("cpu: 4", "cpu: 5"), ""))).isFalse();
        assertThat(Requests.same(before, pod("resources: {requests: {cpu: 12}}, " + MAIN, ""))).isFalse();
        assertThat(Requests.same(before, pod(MAIN.replace("cpu: 4", "cpu: much"), ""))).isFalse();
    }

    /** Another team's pod with its resources at the pod left 15 CPUs free on a node where 12 of 15 were taken. */
    @Test
    void otherPodsOwnResourcesLeaveNoRoom() {
        Pod other = pod("resources: {requests: {cpu: 25, memory: 8Gi}, limits: {cpu: 25, memory: 8Gi}},"
                + " containers: [{name: main}]", "phase: Running, qosClass: Guaranteed");
        ServicePlan plan = Planner.plan(Inventory.of(new Cluster().profiles(twoBy16())
                .nodes(node("n0", 32, "30", "128Gi", Map.of())).pods(other).objects()),
                List.of(service("image: a\nshards: {count: 8}\n"))).getFirst();
        assertThat(plan.verdict()).isEqualTo(Verdict.Infeasible);
        NodeState node = Inventory.of(new Cluster().profiles(twoBy16()).nodes(node("n0", 32, "30", "128Gi", Map.of()))
                .pods(other).objects()).nodes().getFirst();
        assertThat(node.milliCpus()).isEqualTo(5_000);
        assertThat(node.hidden()).as("none for itself").isZero();
    }
}
