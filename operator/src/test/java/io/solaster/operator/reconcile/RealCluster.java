package io.solaster.operator.reconcile;

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
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.client.Clients;

/**
 * The cluster that KUBECONFIG names. It gets the definitions, namespaces 'shop' and 'bank', and nodes 'a', 'b', 'c' and
 * 'many-0' and on that no machine stands behind: one for tests, an API server without controllers and kubelets, whose part the tests take.
 */
final class RealCluster {
    static final String VARIABLE = "KUBECONFIG";
    static final String MISSING = "needs a real API server: set KUBECONFIG to a cluster for tests";

    private static final Pattern OURS = Pattern.compile("[abc]|many-\\d+");

    private RealCluster() {}

    /** @param agent 'test' for the client that makes the cluster ready */
    static KubernetesClient connect(String agent) {
        Config config = new ConfigBuilder(Config.autoConfigure(null)).withNamespace("shop").withUserAgent(agent)
                .build();
        KubernetesClient connected = Clients.of(config);
        if (agent.equals("test")) {
            for (String name : new String[]{"shardedservices", "topologyprofiles"}) {
                connected.load(stream(Path.of("../helm/solaster-operator/crds/" + name + ".solaster.io.yaml")))
                        .forceConflicts().serverSideApply();
            }
            for (String name : new String[]{"shop", "bank"}) {
                connected.resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
                        .serverSideApply();
            }
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
        try (KubernetesClient cleaner = new KubernetesClientBuilder().build()) {
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
            cleaner.configMaps().inNamespace(namespace).withLabel(ShardedService.LABEL).delete();
            cleaner.configMaps().inNamespace(namespace).withName("kv-rollout").delete();
            cleaner.configMaps().inNamespace(namespace).withName("nodes").delete();
            cleaner.leases().inNamespace(namespace).delete();
            cleaner.v1().events().inNamespace(namespace).delete();
        }
    }
}
