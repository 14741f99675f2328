package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract on a real API server: server-side apply, CEL, status, scale, and many services. */
@EnabledIf(value = RealCluster.IS_THERE, disabledReason = RealCluster.MISSING)
class OperatorOnClusterTest extends OperatorContract {

    @Override
    KubernetesClient connect(String agent) {
        return RealCluster.connect(agent);
    }

    @Override
    void disconnect() {
        RealCluster.clean();
    }

    @Test
    void theScaleSubresourceIsReplicasAndTheSelectorOfPods() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null && status().selector() != null);
        var kv = client.resources(ShardedService.class).inNamespace("shop").withName("kv");
        kv.scale(1);
        eventually(() -> set("kv-two").getSpec().getReplicas() == 1 && status().replicas() == 1);
        Scale scale = kv.scale();
        assertThat(scale.getSpec().getReplicas()).isOne();
        assertThat(scale.getStatus().getReplicas()).isOne();
        assertThat(scale.getStatus().getSelector()).isEqualTo("solaster.io/service=kv");
    }

    @Test
    void aThousandServicesAreReconciled() {
        for (int i = 0; i < 170; i++) {
            String node = "many-" + i;
            create(Objects.node(node, 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", node))));
        }
        for (int i = 0; i < 1000; i++) {
            ShardedService service = service(
                    "image: registry.example/kv:1\nshards: {count: 2}\nmemory: {perShard: 1Gi}\n");
            service.getMetadata().setName("kv-" + i);
            create(service);
        }
        eventually(Duration.ofMinutes(5), () -> client.apps().statefulSets().inNamespace("shop").list().getItems()
                .size() == 1000);
        eventually(Duration.ofMinutes(5), () -> client.resources(ShardedService.class).inNamespace("shop").list()
                .getItems().stream().allMatch(each -> each.getStatus() != null
                        && "Feasible".equals(each.getStatus().plan().verdict())));
    }

    @Test
    void rulesRefuseWhatTheOperatorWouldHaveTo() {
        try {
            create(service(SPEC + "autoscaling: {max: 3}\n"));
            assertThat(false).as("refused").isTrue();
        } catch (KubernetesClientException e) {
            assertThat(e.getMessage()).contains("replicas does not go beside autoscaling");
        }
    }
}
