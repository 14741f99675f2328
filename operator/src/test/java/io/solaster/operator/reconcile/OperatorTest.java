package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.Test;

/** The contract on an API server in memory, and what only one can show that fails on demand. */
class OperatorTest extends OperatorContract {
    private final MemoryApi api = new MemoryApi(1000);

    @Override
    KubernetesClient connect(String agent) {
        return api.client(agent);
    }

    @Override
    void disconnect() {
        assertThat(api.verbs()).as("more than Permissions names").isSubsetOf(Asked.permitted(Permissions.rules()));
        api.close();
    }

    @Test
    void itIsAllowedNoMoreThanItDoes() throws IOException {
        operator.close();
        operator = begin("one", "shop");
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null && status().replicas() == 2);
        refuse("kv-two-0", "a");
        eventually(() -> client.pods().inNamespace("shop").withName("kv-two-0").get() == null);
        // Without a port there is no Service.
        edit("ports: [{name: resp, containerPort: 6379}]", "");
        eventually(() -> client.services().inNamespace("shop").withName("kv").get() == null);
        operator.close();
        Set<String> unused = Asked.permitted(Permissions.rules());
        unused.removeAll(api.verbs());
        unused.removeIf(each -> each.startsWith("delete") && !each.contains("pods") && !each.contains("services"));
        // This cluster does not have these kinds.
        unused.removeIf(each -> each.contains("resource.k8s.io") || each.contains("monitoring.coreos.com"));
        assertThat(unused).as("never done here").containsExactlyInAnyOrder(
                // Deployments take the place of StatefulSets.
                "create apps/deployments", "get apps/deployments", "patch apps/deployments",
                // This cluster does not have these.
                "list topology.node.k8s.io/noderesourcetopologies",
                "watch topology.node.k8s.io/noderesourcetopologies",
                // An event that comes again is counted up, ten minutes later at the soonest.
                "patch /events",
                // Asked for by the SDK, and not used.
                "update coordination.k8s.io/leases",
                // With a selector of namespaces.
                "list /namespaces", "watch /namespaces");
    }

    @Test
    void aBrokenApiServerIsTriedAgain() {
        AtomicInteger failures = new AtomicInteger(3);
        api.failing(request -> request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("statefulsets")
                && failures.getAndDecrement() > 0 ? 500 : null);
        create(service(SPEC));
        eventually(() -> "ApplyFailed".equals(condition("Degraded").getReason()));
        eventually(() -> set("kv-two") != null && "False".equals(condition("Degraded").getStatus()));
    }

    @Test
    void aConflictInTheStatusIsOvercome() {
        AtomicInteger failures = new AtomicInteger(2);
        api.failing(request -> request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("/status")
                && failures.getAndDecrement() > 0 ? 409 : null);
        create(service(SPEC));
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
    }

    @Test
    void anApiServerThatComesBackIsWatchedAgain() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        api.restart();
        edit("replicas: 2", "replicas: 1");
        eventually(() -> set("kv-two").getSpec().getReplicas() == 1);
        scale(5);
        eventually(() -> set("kv-two").getSpec().getReplicas() == 1);
    }

    @Test
    void theNextLeaderGoesOnWhereTheLastOneEnded() throws IOException {
        operator.close();
        operator = begin("one", "shop");
        eventually(operator::works);
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null && status().replicas() == 2);
        quiet();
        OperatorProcess first = operator;
        OperatorProcess second = begin("two", "shop");
        try {
            assertThat(second.works()).isFalse();
            String before = set("kv-two").getMetadata().getResourceVersion();
            first.close();
            eventually(second::works);
            edit("shards: {count: 8}", "shards: {count: 7}");
            operator = second;
            eventually(() -> kv().getMetadata().getGeneration().equals(status().observedGeneration()));
            eventually(() -> !set("kv-two").getMetadata().getResourceVersion().equals(before));
        } finally {
            operator = second;
        }
    }

    /** Pods grow when all shards are hot, when one alone is they do not, and shrink in the end; sizes fit the nodes. */
    @Test
    void podsAreSizedByTheLoad() {
        create(service(SPEC + "autoscaling: {by: Shards, min: 4, max: 15, targetUtilization: 50,"
                + " stabilizationSeconds: 0}\n"));
        eventually(() -> set("kv-two") != null && status() != null);
        int cpus = status().plan().classes().getFirst().podCPUs();
        // Near enough to what is wanted, whichever pod is heard first.
        busy(8, 1.0, 0.46);
        run("kv-two-0", "a", cpus, "Guaranteed");
        run("kv-two-1", "b", cpus, "Guaranteed");
        client.apps().statefulSets().inNamespace("shop").withName("kv-two").editStatus(
                set -> new StatefulSetBuilder(set).withNewStatus().withReplicas(2).withReadyReplicas(2).endStatus()
                        .build());
        eventually(() -> "HotShard".equals(condition("Balanced").getReason()));
        assertThat(condition("Balanced").getMessage()).contains("about 100 % busy, the others about 50 %");
        assertThat(shards()).isEqualTo(8);

        busy(8, 0.9, 0.9);
        eventually(() -> shards() == 15);
        eventually(() -> "AllHot".equals(condition("Balanced").getReason()));
        eventually(() -> status().plan().classes().getFirst().podCPUs() == 16);
        assertThat(status().plan().reasons()).anyMatch(reason -> reason.contains("replaces the pods"));

        busy(15, 0.1, 0.1);
        eventually(() -> shards() < 15);
        assertThat(shards()).isBetween(4, 5);
        eventually(() -> "True".equals(condition("PlanFeasible").getStatus()));
    }

    private int shards() {
        return set("kv-two").getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
                .filter(env -> env.getName().equals("SOLASTER_ENGINE_SHARDS"))
                .mapToInt(env -> Integer.parseInt(env.getValue())).findFirst().orElse(0);
    }

    /** The first shard of the first pod, and all others. */
    private void busy(int shards, double first, double others) {
        for (String pod : List.of("kv-two-0", "kv-two-1")) {
            String report = report(shards, 0, String.valueOf(shards), true).replace("0.5", String.valueOf(others));
            answers.put(pod, pod.equals("kv-two-0")
                    ? report.replaceFirst("\"utilization\":[0-9.]+", "\"utilization\":" + first)
                    : report);
        }
    }

    @Test
    void healthAndMetricsAreAnswered() throws Exception {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null);
        try (HttpClient http = HttpClient.newHttpClient()) {
            eventually(() -> get(http, "/readyz").equals("ok\n"));
            assertThat(get(http, "/livez")).isEqualTo("ok\n");
            eventually(() -> get(http, "/metrics").contains("solaster_operator_services{verdict=\"Feasible\"} 1.0"));
            assertThat(get(http, "/metrics")).contains("solaster_operator_leading 1.0")
                    .contains("operator_sdk_reconciliations_success_total");
        }
    }

    private String get(HttpClient http, String path) {
        try {
            return http.send(HttpRequest.newBuilder(URI.create("http://localhost:" + operator.port() + path)).build(),
                    BodyHandlers.ofString()).body();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
