package io.solaster.operator.reconcile;

import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Canaries, reloads and returns on a real API server. */
@EnabledIfEnvironmentVariable(named = RealCluster.VARIABLE, matches = ".+", disabledReason = RealCluster.MISSING)
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
