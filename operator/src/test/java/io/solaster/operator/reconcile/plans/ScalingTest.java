package io.solaster.operator.reconcile.plans;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.operator.Objects;
import io.solaster.operator.plan.Running;
import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;
import io.solaster.operator.plan.Verdict;
import org.junit.jupiter.api.Test;

/** What runs is read from workloads, and what autoscaling asks for is put into classes without moving it. */
class ScalingTest {

    @Test
    void replicasStayInTheirClassesAndNewOnesFollowThePlan() {
        assertThat(spread(3, Map.of("b", 3))).isEqualTo(Map.of("a", 0, "b", 3));
        assertThat(spread(5, Map.of("b", 3))).isEqualTo(Map.of("a", 2, "b", 3));
        assertThat(spread(2, Map.of("a", 1, "b", 3))).isEqualTo(Map.of("a", 0, "b", 2));
        assertThat(spread(6, Map.of())).isEqualTo(Map.of("a", 4, "b", 2));
        assertThat(spread(9, Map.of())).as("no more than was planned").isEqualTo(Map.of("a", 4, "b", 3));
    }

    private static Map<String, Integer> spread(int replicas, Map<String, Integer> runs) {
        ServicePlan plan = new ServicePlan("shop", "kv", Verdict.Feasible, "", 7, 0, 2, 0, Verdict.Feasible, List.of(),
                List.of(of("a", 4), of("b", 3)));
        return Scaling.spread(plan, replicas, runs).classes().stream()
                .collect(Collectors.toMap(ClassPlan::name, ClassPlan::replicas));
    }

    private static ClassPlan of(String name, int replicas) {
        return new ClassPlan(name, "Declared", 4, 8, 1, 0, 7, 1, replicas, 4, 4, 4, 0, List.of(), List.of(), List.of());
    }

    @Test
    void workloadsSayWhatRuns() {
        assertThat(
                Scaling.running(Stream.of(set("kv-a", "a", 2, "8"), set("kv-b", "b", 1, "8"), set("kv-c", "c", 0, "4"),
                        set("kv-d", "d", 1, "many"), nobodys(set("kv-e", "e", 1, "8")))))
                .isEqualTo(
                        Map.of("shop/kv", new Running(Map.of("a", 2, "b", 1, "d", 1), 8)));
    }

    /** It only bears the label. */
    private static StatefulSet nobodys(StatefulSet set) {
        set.getMetadata().setOwnerReferences(List.of());
        return set;
    }

    private static StatefulSet set(String name, String topologyClass, int replicas, String shards) {
        return Objects.yaml("""
                metadata:
                  name: %s
                  namespace: shop
                  labels: {solaster.io/service: kv, solaster.io/topology-class: %s}
                  ownerReferences: [{kind: ShardedService, name: kv, uid: u, controller: true}]
                spec:
                  replicas: %d
                  template:
                    spec: {containers: [{name: service, env: [{name: SOLASTER_ENGINE_SHARDS, value: "%s"}]}]}
                """.formatted(name, topologyClass, replicas, shards), StatefulSet.class);
    }
}
