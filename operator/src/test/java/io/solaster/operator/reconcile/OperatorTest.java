package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The contract on Fabric8's API server of the tests, and what only one can show that fails on demand. */
class OperatorTest extends OperatorContract {
    private final FakeApi api = new FakeApi();

    @Override
    KubernetesClient connect() {
        KubernetesClient connected = api.client();
        for (String name : new String[]{"shardedservices", "topologyprofiles"}) {
            connected.resource(Serialization.unmarshal(
                    read(Path.of("../helm/solaster-operator/crds/" + name + ".solaster.io.yaml")),
                    CustomResourceDefinition.class)).create();
        }
        return connected;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void end() {
        api.close();
    }

    @Test
    void aBrokenApiServerIsTriedAgain() {
        AtomicInteger failures = new AtomicInteger(3);
        api.failing(request -> request.method() == HttpMethod.PATCH && request.getPath().contains("statefulsets")
                && failures.getAndDecrement() > 0 ? 500 : null);
        create(service(SPEC));
        eventually(() -> "ApplyFailed".equals(condition("Degraded").getReason()));
        eventually(() -> set("kv-two") != null && "False".equals(condition("Degraded").getStatus()));
    }

    @Test
    void aConflictInTheStatusIsOvercome() {
        AtomicInteger failures = new AtomicInteger(2);
        api.failing(request -> request.method() == HttpMethod.PATCH && request.getPath().contains("/status")
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
