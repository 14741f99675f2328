package io.solaster.pool.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.config.pool.DiscoveryConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Slices that come and go at an API server. */
class KubernetesDiscoveryTest {
    private final Found found = new Found();
    private static ApiServer api;
    private static KubernetesClient client;

    @BeforeAll
    static void start() {
        api = ApiServer.keeping();
        client = api.client;
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    private KubernetesDiscovery discovery(String namespace) {
        KubernetesDiscovery discovery = new KubernetesDiscovery(client,
                new DiscoveryConfig(DiscoveryConfig.Type.KUBERNETES, "orders", 0, namespace,
                        java.time.Duration.ofSeconds(30), java.time.Duration.ofSeconds(1)));
        discovery.start(found);
        return discovery;
    }

    @Test
    void podsThatComeAndGoAreFound() {
        put(EndpointSlicesTest.slice("orders-1", "10.0.0.1", "10.0.0.2"));
        put(EndpointSlicesTest.of("other", "other-1", List.of(EndpointSlicesTest.port(80)), "10.9.9.9"));
        try (KubernetesDiscovery discovery = discovery("shop")) {
            found.until("10.0.0.1:8080", "10.0.0.2:8080");
            assertThat(discovery.name()).isEqualTo("kubernetes shop/orders");
            put(EndpointSlicesTest.slice("orders-2", "10.0.0.3"));
            found.until("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080");
            put(EndpointSlicesTest.slice("orders-1", "10.0.0.2"));
            found.until("10.0.0.2:8080", "10.0.0.3:8080");
            client.discovery().v1().endpointSlices().inNamespace("shop").withName("orders-2").delete();
            found.until("10.0.0.2:8080");
            client.discovery().v1().endpointSlices().inNamespace("shop").withName("orders-1").delete();
            found.until(() -> found.last().isEmpty());
        }
    }

    @Test
    void aServiceWithoutPodsHasNone() {
        try (KubernetesDiscovery discovery = discovery(null)) {
            found.until(() -> found.found.size() == 1);
            assertThat(found.last()).isEmpty();
            assertThat(discovery.name()).isEqualTo("kubernetes " + client.getNamespace() + "/orders");
        }
    }

    private void put(EndpointSlice slice) {
        client.resource(slice).inNamespace("shop").createOr(existing -> existing.update());
    }
}
