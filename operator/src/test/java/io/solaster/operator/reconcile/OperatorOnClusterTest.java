package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The contract on the cluster that KUBECONFIG names, which gets the definitions, a namespace 'shop' and nodes 'a' and 'b'
 * that no machine stands behind: one for tests, such as an API server without kubelets.
 */
@EnabledIfEnvironmentVariable(named = "KUBECONFIG", matches = ".+", disabledReason = "server-side apply, CEL and status of a real API server: set KUBECONFIG to a cluster for tests")
class OperatorOnClusterTest extends OperatorContract {

    @Override
    KubernetesClient connect(String agent) {
        Config config = new ConfigBuilder(Config.autoConfigure(null)).withNamespace("shop").withUserAgent(agent)
                .build();
        KubernetesClient connected = new KubernetesClientBuilder().withConfig(config).build();
        if (agent.equals("test")) {
            for (String name : new String[]{"shardedservices", "topologyprofiles"}) {
                connected.load(stream(Path.of("../helm/solaster-operator/crds/" + name + ".solaster.io.yaml")))
                        .forceConflicts().serverSideApply();
            }
            Namespace shop = new NamespaceBuilder().withNewMetadata().withName("shop").endMetadata().build();
            connected.resource(shop).serverSideApply();
            clean(connected);
        }
        return connected;
    }

    private static InputStream stream(Path file) {
        try {
            return Files.newInputStream(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    void disconnect() {
        try (KubernetesClient cleaner = new KubernetesClientBuilder().build()) {
            clean(cleaner);
        }
    }

    /** Also of what a run that was cut off has left. */
    private static void clean(KubernetesClient cleaner) {
        cleaner.resources(ShardedService.class).inNamespace("shop").delete();
        cleaner.nodes().withName("a").delete();
        cleaner.nodes().withName("b").delete();
        cleaner.resources(TopologyProfile.class).withName("two").delete();
        cleaner.pods().inNamespace("shop").withGracePeriod(0).delete();
        cleaner.v1().events().inNamespace("shop").delete();
        cleaner.apps().statefulSets().inNamespace("shop").delete();
        cleaner.configMaps().inNamespace("shop").withName("kv-config").delete();
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
