package io.solaster.operator.reconcile;

import static io.solaster.operator.reconcile.OperatorContract.eventually;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;

/**
 * The cluster that KUBECONFIG names, else one of this machine's own: see {@link ControlPlane}. It gets the definitions,
 * namespaces 'shop' and 'bank', and nodes 'a', 'b', 'c' and 'many-0' and on that no machine stands behind: one for tests,
 * an API server without controllers and kubelets, whose part the tests take.
 */
final class RealCluster {
    static final String IS_THERE = "io.solaster.operator.reconcile.RealCluster#isThere";
    static final String MISSING = "needs a real API server: install etcd and kube-apiserver, set KUBEBUILDER_ASSETS to the"
            + " directory of both, or KUBECONFIG to a cluster for tests";

    private static final Pattern OURS = Pattern.compile("[abc]|many-\\d+");

    private RealCluster() {}

    /** Asked by JUnit. */
    static boolean isThere() {
        return System.getenv("KUBECONFIG") != null || ControlPlane.isInstalled();
    }

    /** Started once for all tests of this JVM. */
    private static final class Started {
        static final String KUBECONFIG = System.getenv("KUBECONFIG") != null
                ? System.getenv("KUBECONFIG")
                : ControlPlane.start().toString();

        private Started() {}
    }

    private static ConfigBuilder config() {
        return new ConfigBuilder(Config.fromKubeconfig(new File(Started.KUBECONFIG)));
    }

    static KubernetesClient administrator() {
        return OperatorProcess.client(config().build());
    }

    /** @param agent 'test' for the client that makes the cluster ready */
    static KubernetesClient connect(String agent) {
        Config config = config().withNamespace("shop").withUserAgent(agent).build();
        KubernetesClient connected = OperatorProcess.client(config);
        if (agent.equals("test")) {
            for (String name : new String[]{"shardedservices", "topologyprofiles"}) {
                connected.load(stream(Path.of("../helm/solaster-operator/crds/" + name + ".solaster.io.yaml")))
                        .forceConflicts().serverSideApply();
            }
            for (String name : new String[]{"shop", "bank"}) {
                connected.resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
                        .serverSideApply();
            }
            // A definition is served a moment after it was made.
            eventually(() -> connected.supports(ShardedService.class) && connected.supports(TopologyProfile.class));
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

    static void clean() {
        try (KubernetesClient cleaner = administrator()) {
            clean(cleaner);
        }
    }

    /** Also of what a run that was cut off has left: without a controller nothing else collects it. */
    private static void clean(KubernetesClient cleaner) {
        cleaner.nodes().list().getItems().stream().filter(node -> OURS.matcher(node.getMetadata().getName()).matches())
                .forEach(node -> cleaner.resource(node).delete());
        cleaner.resources(TopologyProfile.class).withName("two").delete();
        for (String namespace : new String[]{"shop", "bank"}) {
            cleaner.resources(ShardedService.class).inNamespace(namespace).list().getItems().stream()
                    .filter(service -> !service.getFinalizers().isEmpty()).forEach(service -> {
                        service.getMetadata().setFinalizers(List.of());
                        cleaner.resource(service).update();
                    });
            cleaner.resources(ShardedService.class).inNamespace(namespace).delete();
            cleaner.pods().inNamespace(namespace).withGracePeriod(0).delete();
            cleaner.apps().statefulSets().inNamespace(namespace).delete();
            cleaner.apps().deployments().inNamespace(namespace).delete();
            cleaner.services().inNamespace(namespace).delete();
            cleaner.policy().v1().podDisruptionBudget().inNamespace(namespace).delete();
            cleaner.network().v1().networkPolicies().inNamespace(namespace).delete();
            cleaner.persistentVolumeClaims().inNamespace(namespace).delete();
            cleaner.configMaps().inNamespace(namespace).withLabel(ShardedService.LABEL).delete();
            cleaner.configMaps().inNamespace(namespace).withName("kv-rollout").delete();
            cleaner.configMaps().inNamespace(namespace).withName("nodes").delete();
            cleaner.leases().inNamespace(namespace).delete();
            cleaner.v1().events().inNamespace(namespace).delete();
        }
    }
}
