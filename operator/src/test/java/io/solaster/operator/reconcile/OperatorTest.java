package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.operator.api.ShardedServiceStatus.PodStatus;
import io.solaster.operator.api.TopologyProfile;
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
        eventually(() -> client.resources(TopologyProfile.class).withName("two").get().getStatus() != null);
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
                // Only what somebody else has made or changed is looked up.
                "get /services", "get apps/statefulsets", "get networking.k8s.io/networkpolicies",
                "get policy/poddisruptionbudgets",
                // This cluster does not have these.
                "list topology.node.k8s.io/noderesourcetopologies",
                "watch topology.node.k8s.io/noderesourcetopologies",
                // No volumes are to grow.
                "list /persistentvolumeclaims", "patch /persistentvolumeclaims",
                // An event that comes again is counted up, ten minutes later at the soonest.
                "patch /events",
                // With a selector of namespaces.
                "list /namespaces", "watch /namespaces");
    }

    /** Anybody may write the label; and what is asked is answered from inside of the cluster. */
    @Test
    void onlyPodsOfItsOwnWorkloadsAreAsked() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && status() != null);
        int cpus = status().plan().classes().getFirst().podCPUs();
        answers.put("kv-two-0", report(8, 0, "8", true));
        answers.put("stranger", report(8, 16, "24", true));
        answers.put("pretender", report(8, 16, "24", true));
        for (String name : List.of("stranger", "pretender")) {
            run(name, "a", cpus);
            client.pods().inNamespace("shop").withName(name).edit(pod -> {
                if (name.equals("stranger")) {
                    pod.getMetadata().setOwnerReferences(List.of());
                } else {
                    pod.getMetadata().getOwnerReferences().getFirst().setUid("another");
                }
                return pod;
            });
        }
        asked.clear();
        run("kv-two-0", "a", cpus);
        eventually(() -> asked.contains("kv-two-0"));
        asked.clear();
        eventually(() -> asked.contains("kv-two-0"));
        assertThat(asked).containsOnly("kv-two-0");
    }

    @Test
    void aBrokenApiServerIsTriedAgain() {
        AtomicBoolean broken = new AtomicBoolean(true);
        AtomicInteger failures = new AtomicInteger();
        api.failing(request -> broken.get() && request.getRequestMethod().equals("PATCH")
                && request.getRequestURI().getPath().contains("statefulsets")
                && failures.incrementAndGet() > 0 ? 500 : null);
        create(service(SPEC));
        eventually(() -> "ApplyFailed".equals(condition("Degraded").getReason()) && failures.get() > 2);
        broken.set(false);
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
    void aStatusIsWholeHoweverLateTheCacheIs() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        quiet();
        int cpus = status().plan().classes().getFirst().podCPUs();
        api.hold("solaster.io/v1alpha1/shardedservices");
        answers.put("kv-two-0", report(8, 0, "8", true));
        answers.put("kv-two-1", report(8, 16, "24", true));
        for (int round = 0; round < 2; round++) {
            run("kv-two-0", "a", cpus);
            eventually(() -> pods().equals(List.of("kv-two-0")));
            run("kv-two-1", "a", cpus);
            eventually(() -> pods().equals(List.of("kv-two-0", "kv-two-1")));
            eventually(() -> "True".equals(condition("TopologyAligned").getStatus()));
            client.pods().inNamespace("shop").withName("kv-two-0").delete();
            eventually(() -> pods().equals(List.of("kv-two-1")));
            client.pods().inNamespace("shop").withName("kv-two-1").delete();
            // As the cache still has it.
            eventually(() -> pods().isEmpty() && !"True".equals(condition("TopologyAligned").getStatus()));
        }
    }

    @Test
    void aLateCacheCostsNoPodThatWasMadeAnew() {
        create(service(SPEC));
        eventually(() -> set("kv-two") != null && "True".equals(condition("PlanFeasible").getStatus()));
        AtomicInteger refused = new AtomicInteger();
        api.failing(request -> request.getRequestMethod().equals("DELETE")
                && "operator".equals(request.getRequestHeaders().getFirst("User-Agent"))
                && refused.incrementAndGet() > 0 ? 500 : null);
        refuse("kv-two-0", "a");
        eventually(() -> refused.get() > 0);
        api.hold("v1/pods");
        client.pods().inNamespace("shop").withName("kv-two-0").delete();
        run("kv-two-0", "b", status().plan().classes().getFirst().podCPUs());
        AtomicInteger tried = new AtomicInteger();
        api.failing(request -> request.getRequestMethod().equals("DELETE") && tried.incrementAndGet() < 0 ? 500 : null);
        eventually(() -> {
            operator.poke("shop/kv");
            return tried.get() > 0;
        });
        long done = reconciliations();
        eventually(() -> reconciliations() > done);
        assertThat(client.pods().inNamespace("shop").withName("kv-two-0").get().getStatus().getPhase())
                .isEqualTo("Running");
    }

    private List<String> pods() {
        return status().pods() == null ? List.of() : status().pods().stream().map(PodStatus::name).toList();
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
