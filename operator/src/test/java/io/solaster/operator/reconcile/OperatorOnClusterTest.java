package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The contract on a real API server: server-side apply, CEL, status. */
@EnabledIfEnvironmentVariable(named = RealCluster.VARIABLE, matches = ".+", disabledReason = RealCluster.MISSING)
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
    void rulesRefuseWhatTheOperatorWouldHaveTo() {
        try {
            create(service(SPEC + "autoscaling: {max: 3}\n"));
            assertThat(false).as("refused").isTrue();
        } catch (KubernetesClientException e) {
            assertThat(e.getMessage()).contains("replicas does not go beside autoscaling");
        }
    }
}
