package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.SPEC;
import static io.solaster.operator.reconcile.OperatorContract.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Pods that bear a service's label, and were made by somebody else: they take room, and count for nothing else. */
class LabelledPodsTest extends OperatorInMemory {

    @BeforeEach
    void start() throws IOException {
        startOnOneNode(InstantSource.system());
        ShardedService service = Objects.service(SPEC);
        service.setMetadata(new ObjectMetaBuilder().withName("kv").withNamespace("shop").build());
        client.resource(service).create();
        eventually(() -> kv().getStatus() != null && kv().getStatus().plan() != null && set() != null);
    }

    private static Pod labelled(String name) {
        return Objects.pod(name, "a", "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two")));
    }

    /** A pod in some state. */
    private void create(Pod pod, String status) {
        Pod made = client.resource(pod).create();
        client.resource(new PodBuilder(made)
                .withStatus(Objects.yaml("{status: " + status + "}", Pod.class).getStatus()).build()).updateStatus();
    }

    private int room() {
        return kv().getStatus().plan().capacity();
    }

    private boolean told(String condition, String word) {
        return condition(condition).getMessage() != null && condition(condition).getMessage().contains(word);
    }

    private static HasMetadata others() {
        return new StatefulSetBuilder().withNewMetadata().withName("other").withNamespace("shop").withUid("other")
                .endMetadata().build();
    }

    @Test
    void theyTakeRoomFromTheService() {
        eventually(() -> room() == 2);
        create(labelled("bare"), "{phase: Running, qosClass: Guaranteed}");
        // It has 9 CPUs of one NUMA node, whichever: room for one more is left for sure.
        eventually(() -> room() == 1);
        create(Objects.owned(labelled("other-0"), others()), "{phase: Running, qosClass: Guaranteed}");
        eventually(() -> "DoesNotFit".equals(condition("PlanFeasible").getReason()));
        client.pods().inNamespace("shop").withName("bare").delete();
        client.pods().inNamespace("shop").withName("other-0").delete();
        eventually(() -> room() == 2);
        // The service's own leave it its room.
        create(Objects.owned(labelled("kv-two-0"), set()), "{phase: Running, qosClass: Guaranteed}");
        eventually(() -> kv().getStatus().pods() != null && kv().getStatus().pods().size() == 1);
        assertThat(room()).isEqualTo(2);
    }

    @Test
    void whatBecomesOfThemIsNotToldOfTheService() {
        create(labelled("bare"), """
                {phase: Running, qosClass: Guaranteed, containerStatuses: [{name: main, state: {waiting: {reason:
                CrashLoopBackOff}}}]}""");
        create(Objects.owned(labelled("other-0"), others()),
                "{phase: Failed, reason: TopologyAffinityError, message: none left}");
        create(Objects.owned(labelled("kv-two-0"), set()), """
                {phase: Running, qosClass: Guaranteed, containerStatuses: [{name: main, state: {waiting: {reason:
                ImagePullBackOff}}}]}""");
        eventually(() -> told("Degraded", "kv-two-0"));
        eventually(() -> kv().getStatus().pods() != null && kv().getStatus().pods().size() == 1);
        assertThat(condition("Degraded").getMessage()).contains("ImagePullBackOff").doesNotContain("bare");
        // Nor is a pod of others deleted, or a node set aside for it.
        assertThat(client.pods().inNamespace("shop").withName("other-0").get()).isNotNull();
        assertThat(client.nodes().withName("a").get().getMetadata().getLabels().keySet())
                .noneMatch(label -> label.contains("aside"));
        assertThat(client.v1().events().inNamespace("shop").list().getItems())
                .noneMatch(event -> event.getReason().equals("NodeSetAside"));
    }

    @Test
    void aWorkloadThatOnlyBearsTheLabelIsNoneOfItsOwn() {
        client.resource(new StatefulSetBuilder(set()).withMetadata(new ObjectMetaBuilder().withName("strange")
                .withNamespace("shop").withLabels(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "gone")).build())
                .editSpec().withReplicas(7).endSpec().build()).create();
        long looks = operator.reconciliations();
        operator.poke("shop/kv");
        eventually(() -> operator.reconciliations() > looks);
        assertThat(kv().getStatus().replicas()).isEqualTo(2);
        assertThat(kv().getStatus().plan().reasons()).noneMatch(reason -> reason.contains("gone"));
        assertThat(List.of(set().getSpec().getReplicas())).containsExactly(2);
    }
}
