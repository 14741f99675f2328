package io.solaster.operator.reconcile;

import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.condition.EnabledIf;

/** Canaries, reloads and returns on a real API server. */
@EnabledIf(value = RealCluster.IS_THERE, disabledReason = RealCluster.MISSING)
class RolloutOnClusterTest extends RolloutTest {

    @Override
    KubernetesClient connect(String agent) {
        return RealCluster.connect(agent);
    }

    @Override
    void disconnect() {
        RealCluster.clean();
    }
}
