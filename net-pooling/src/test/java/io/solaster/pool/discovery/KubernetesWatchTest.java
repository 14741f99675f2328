package io.solaster.pool.discovery;

import java.net.HttpURLConnection;
import java.time.Duration;

import io.fabric8.kubernetes.api.model.ListMetaBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceList;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceListBuilder;
import io.solaster.config.pool.DiscoveryConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An API server that has forgotten what we watch, or refuses us for a while. */
class KubernetesWatchTest {
    private static final String SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";

    private final Found found = new Found();
    /** Each test asks about a service of its own. */
    private static ApiServer api;

    @BeforeAll
    static void start() {
        api = ApiServer.told();
    }

    @AfterAll
    static void stop() {
        api.close();
    }

    @Test
    void afterAHistoryThatHasRunOutItListsAnew() {
        api.server.expect().get().withPath(listOf("orders")).andReturn(HttpURLConnection.HTTP_OK, list("1", "10.0.0.1"))
                .once();
        api.server.expect().get().withPath(watch("orders", "1")).andUpgradeToWebSocket().open().waitFor(50)
                .andEmit(new WatchEvent(new StatusBuilder().withCode(HttpURLConnection.HTTP_GONE)
                        .withMessage("too old resource version").build(), "ERROR"))
                .done().once();
        // Anew, and not from a cache.
        api.server.expect().get().withPath(SLICES + "?" + label("orders"))
                .andReturn(HttpURLConnection.HTTP_OK, list("9", "10.0.0.9")).always();
        api.server.expect().get().withPath(watch("orders", "9")).andUpgradeToWebSocket().open().done().always();
        try (KubernetesDiscovery discovery = discovery("orders")) {
            found.until("10.0.0.9:8080");
            discovery.refresh();
        }
    }

    @Test
    void whoIsRefusedAtTheStartTriesAgain() {
        api.server.expect().get().withPath(listOf("payments")).andReturn(HttpURLConnection.HTTP_FORBIDDEN,
                new StatusBuilder().withCode(HttpURLConnection.HTTP_FORBIDDEN).withMessage("no right").build()).once();
        api.server.expect().get().withPath(listOf("payments"))
                .andReturn(HttpURLConnection.HTTP_OK, list("1", "10.0.0.1")).always();
        api.server.expect().get().withPath(watch("payments", "1")).andUpgradeToWebSocket().open().done().always();
        try (KubernetesDiscovery discovery = discovery("payments")) {
            found.until("10.0.0.1:8080");
            found.until(() -> found.failures.stream().anyMatch(failure -> failure.toString().contains("no right")));
            discovery.refresh();
        }
    }

    private KubernetesDiscovery discovery(String service) {
        KubernetesDiscovery discovery = new KubernetesDiscovery(api.client,
                new DiscoveryConfig(DiscoveryConfig.Type.KUBERNETES, service, 0, "shop",
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(1)));
        discovery.start(found);
        return discovery;
    }

    private static String label(String service) {
        return "labelSelector=kubernetes.io%2Fservice-name%3D" + service;
    }

    private static String listOf(String service) {
        return SLICES + "?" + label(service) + "&resourceVersion=0";
    }

    private static String watch(String service, String version) {
        return SLICES + "?allowWatchBookmarks=true&" + label(service) + "&resourceVersion=" + version
                + "&timeoutSeconds=600&watch=true";
    }

    private static EndpointSliceList list(String version, String address) {
        return new EndpointSliceListBuilder().withMetadata(new ListMetaBuilder().withResourceVersion(version).build())
                .withItems(new EndpointSliceBuilder(EndpointSlicesTest.slice("orders-1", address)).editMetadata()
                        .withResourceVersion(version).endMetadata().build())
                .build();
    }
}
