package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.solaster.operator.Objects;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.apply.Names;
import io.solaster.operator.helm.Rules;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The chart permits what the operator asks of the API server, and no more. */
class PermissionsTest {
    /** What it may do and does not do here, and why it must. */
    private static final Map<String, String> ELSEWHERE = new TreeMap<>();

    static {
        ELSEWHERE.put("coordination.k8s.io/leases update", "asked for by the check that comes before the election");
        ELSEWHERE.put("solaster.io/shardedservices/finalizers update",
                "asked for where clusters check who may set blockOwnerDeletion");
        for (String child : List.of("/configmaps", "/services", "apps/statefulsets", "apps/deployments",
                "policy/poddisruptionbudgets", "networking.k8s.io/networkpolicies")) {
            ELSEWHERE.put(child + " delete", "what the plan has no more");
        }
        for (String verb : List.of("get", "create", "patch")) {
            ELSEWHERE.put("resource.k8s.io/resourceclaimtemplates " + verb, "with backend DRA");
        }
    }

    private static final Pattern PATH = Pattern.compile("/(?:api|apis/([^/]+))/[^/]+(?:/namespaces/([^/]+)(?=/))?/([a-z]+)"
            + "(?:/([^/]+))?(?:/([a-z]+))?");
    private static final String AGENT = "the-operator";

    private final FakeApi api = new FakeApi();
    private final KubernetesClient client = api.client();
    private final Set<String> inNamespaces = new ConcurrentSkipListSet<>();
    private final Set<String> everywhere = new ConcurrentSkipListSet<>();

    @AfterEach
    void end() {
        client.close();
        api.close();
    }

    @Test
    void theChartPermitsWhatTheOperatorDoesAndNoMore() throws IOException {
        cluster();
        api.failing(request -> {
            note(request);
            return null;
        });
        live(new OperatorOptions(Set.of("shop"), "", "shop", "first", 0, Duration.ofSeconds(30), 2));
        live(new OperatorOptions(Set.of(), "solaster=yes", "shop", "second", 0, Duration.ofSeconds(30), 2));

        Rules namespaced = Rules.of("rbac: {scope: Namespaced}\nwatch: {namespaces: [shop]}");
        Rules selected = Rules.of("watch: {namespaceSelector: solaster=yes}");
        Set<String> granted = new TreeSet<>(namespaced.inNamespaces());
        granted.addAll(namespaced.lease());
        granted.addAll(namespaced.everywhere());
        assertThat(granted).as("what it does in namespaces").containsAll(inNamespaces);
        assertThat(selected.everywhere()).as("what it does in the cluster").containsAll(everywhere);

        Set<String> unused = new TreeSet<>(granted);
        unused.addAll(selected.everywhere());
        unused.removeAll(inNamespaces);
        unused.removeAll(everywhere);
        assertThat(unused).as("what it need not be permitted").containsExactlyInAnyOrderElementsOf(ELSEWHERE.keySet());
    }

    @Test
    void theClustersScopeIsTheNamespacesEverywhere() {
        Rules namespaced = Rules.of("rbac: {scope: Namespaced}\nwatch: {namespaces: [shop]}");
        Rules cluster = Rules.of("");
        Set<String> both = new TreeSet<>(namespaced.everywhere());
        both.addAll(namespaced.inNamespaces());
        assertThat(cluster.everywhere()).isEqualTo(both);
        assertThat(cluster.inNamespaces()).isEmpty();
        assertThat(cluster.lease()).isEqualTo(namespaced.lease());
        assertThat(namespaced.everywhere()).allMatch(rule -> rule.endsWith(" list") || rule.endsWith(" watch")
                || rule.equals("/nodes patch"));
        assertThat(both).noneMatch(rule -> rule.contains("*") || rule.startsWith("/secrets"));
    }

    private void cluster() throws IOException {
        for (String name : List.of("shardedservices", "topologyprofiles")) {
            client.resource(Serialization.unmarshal(
                    Files.readString(Path.of("../helm/solaster-operator/crds/" + name + ".solaster.io.yaml")),
                    CustomResourceDefinition.class)).create();
        }
        define("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", "Namespaced");
        define("topology.node.k8s.io", "v1alpha2", "NodeResourceTopology", "noderesourcetopologies", "Cluster");
        define("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", "Cluster");
        define("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", "Namespaced");
        client.resource(new NamespaceBuilder().withNewMetadata().withName("shop").addToLabels("solaster", "yes")
                .endMetadata().build()).create();
        client.resource(Objects.twoBy16()).create();
        client.resource(Objects.node("a", 32, "30", "128Gi", new TreeMap<>(Map.of("kubernetes.io/hostname", "a"))))
                .create();
    }

    private void define(String group, String version, String kind, String plural, String scope) {
        client.resource(new CustomResourceDefinitionBuilder().withNewMetadata().withName(plural + "." + group)
                .endMetadata().withNewSpec().withGroup(group).withScope(scope).withNewNames().withKind(kind)
                .withPlural(plural).withSingular(kind.toLowerCase(java.util.Locale.ROOT)).endNames().addNewVersion()
                .withName(version).withServed(true).withStorage(true).endVersion().endSpec().build()).create();
    }

    /** Leads, applies, repairs, tells, sets a node aside and collects a pod. */
    private void live(OperatorOptions options) throws IOException {
        try (KubernetesClient its = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(client.getConfiguration()).withUserAgent(AGENT).build()).build();
                OperatorProcess operator = new OperatorProcess(its, options)) {
            operator.start();
            OperatorContract.eventually(operator::works);
            for (String workload : List.of("StatefulSet", "Deployment")) {
                ShardedService service = Objects.service("workload: " + workload + "\n"
                        + "image: a\nreplicas: 1\nshards: {count: 4}\nports: [{name: resp, containerPort: 6379}]\n");
                service.setMetadata(new ObjectMetaBuilder()
                        .withName(workload.equals("StatefulSet") ? "kv" : "web").withNamespace("shop").build());
                client.resource(service).create();
            }
            OperatorContract.eventually(() -> there("kv") && there("web"));
            OperatorContract.eventually(() -> set() != null
                    && client.apps().deployments().inNamespace("shop").withName("web-two").get() != null);
            for (int replicas : new int[]{7, 8}) {
                // The same repair is told a second time only after a while; another one tells of another object.
                client.apps().statefulSets().inNamespace("shop").withName("kv-two")
                        .edit(set -> new StatefulSetBuilder(set).editSpec().withReplicas(replicas).endSpec().build());
                OperatorContract.eventually(() -> set().getSpec().getReplicas() == 1);
            }
            refuse();
            OperatorContract.eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
            OperatorContract.eventually(() -> client.nodes().withName("a").get().getMetadata().getLabels()
                    .containsKey(Names.aside("shop", "kv")));
        }
        for (HasMetadata each : new ArrayList<HasMetadata>(
                client.resources(ShardedService.class).inNamespace("shop").list().getItems())) {
            client.resource(each).delete();
        }
        client.apps().statefulSets().inNamespace("shop").delete();
        client.apps().deployments().inNamespace("shop").delete();
        client.nodes().withName("a").edit(node -> {
            node.getMetadata().getLabels().remove(Names.aside("shop", "kv"));
            node.getMetadata().getAnnotations().remove(Names.aside("shop", "kv"));
            return node;
        });
    }

    private boolean there(String service) {
        ShardedService now = client.resources(ShardedService.class).inNamespace("shop").withName(service).get();
        return now.getStatus() != null && now.getStatus().plan() != null;
    }

    private io.fabric8.kubernetes.api.model.apps.StatefulSet set() {
        return client.apps().statefulSets().inNamespace("shop").withName("kv-two").get();
    }

    private void refuse() {
        Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi",
                new TreeMap<>(Map.of(ShardedService.LABEL, "kv", Names.CLASS, "two")));
        pod.setStatus(new PodBuilder().withNewStatus().withPhase("Failed").withReason("TopologyAffinityError")
                .withMessage("no room").endStatus().build().getStatus());
        Pod made = client.resource(pod).create();
        made.setStatus(pod.getStatus());
        try {
            client.resource(made).updateStatus();
        } catch (KubernetesClientException e) {
            assertThat(e.getCode()).isIn(404, 409);
        }
    }

    /** What a request needs the permission for. Only the operator watches. */
    private void note(RecordedRequest request) {
        boolean watch = request.getPath().contains("watch=true");
        if (!watch && !AGENT.equals(request.getHeader("User-Agent"))) {
            return;
        }
        Matcher path = PATH.matcher(request.getPath().replaceAll("[?].*", ""));
        if (!path.matches() || path.group(3).startsWith("selfsubject")) {
            // What there is, and what one may do oneself, anybody may ask.
            return;
        }
        String what = (path.group(1) == null ? "" : path.group(1)) + "/" + path.group(3)
                + (path.group(5) == null ? "" : "/" + path.group(5));
        Set<String> done = path.group(2) == null ? everywhere : inNamespaces;
        String type = String.valueOf(request.getHeader("Content-Type"));
        switch (request.method().name()) {
            case "GET" -> done.add(what + (watch ? " watch" : path.group(4) == null ? " list" : " get"));
            case "POST" -> done.add(what + " create");
            case "PUT" -> done.add(what + " update");
            case "DELETE" -> done.add(what + " delete");
            case "PATCH" -> {
                done.add(what + " patch");
                if (type.startsWith("application/apply-patch")) {
                    done.add(what + " create");
                }
            }
            default -> throw new AssertionError(request.method());
        }
    }
}
