package io.solaster.operator.reconcile.watch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import org.junit.jupiter.api.Test;

class OwnershipTest {
    private final ShardedService service = Objects.service("shards: {count: 8}\n");
    private final Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi", Map.of());

    OwnershipTest() {
        service.getMetadata().setUid("kv");
    }

    private static ObjectMetaBuilder made(String owner) {
        return new ObjectMetaBuilder().withName("kv-two").withNamespace("shop").withUid("workload")
                .addNewOwnerReference()
                .withKind("ShardedService").withName("kv").withUid(owner).withController(true).endOwnerReference();
    }

    private boolean owned(Pod one, HasMetadata there) {
        return Ownership.of(service, one, (type, id) -> type.isInstance(there)
                && id.getName().equals(there.getMetadata().getName())
                && id.getNamespace().orElse("").equals(there.getMetadata().getNamespace()) ? there : null);
    }

    @Test
    void aPodIsItsStatefulSetsOrItsDeployments() {
        HasMetadata set = new StatefulSetBuilder().withMetadata(made("kv").build()).build();
        HasMetadata deployment = new DeploymentBuilder().withMetadata(made("kv").build()).build();
        assertThat(owned(Objects.owned(pod, set), set)).isTrue();
        assertThat(owned(Objects.owned(pod, deployment), deployment)).isTrue();
        // Another controller, or the name of one that is gone.
        assertThat(owned(pod, set)).isFalse();
        assertThat(owned(Objects.owned(pod, set), deployment)).isFalse();
        HasMetadata anew = new StatefulSetBuilder().withMetadata(made("kv").withUid("anew").build()).build();
        assertThat(owned(Objects.owned(pod, set), anew)).isFalse();
        Pod bare = Objects.owned(pod, deployment);
        bare.getMetadata().setLabels(Map.of());
        assertThat(owned(bare, deployment)).isFalse();
        Pod loose = Objects.owned(pod, set);
        loose.getMetadata().getOwnerReferences().getFirst().setController(false);
        assertThat(owned(loose, set)).isFalse();
    }

    @Test
    void aWorkloadOfAnotherServiceIsNone() {
        HasMetadata others = new StatefulSetBuilder().withMetadata(made("before").build()).build();
        assertThat(owned(Objects.owned(pod, others), others)).isFalse();
        HasMetadata nobodys = new StatefulSetBuilder(
                new StatefulSetBuilder().withMetadata(made("kv").build()).build()).editMetadata()
                .withOwnerReferences(List.of()).endMetadata().build();
        assertThat(owned(Objects.owned(pod, nobodys), nobodys)).isFalse();
    }
}
