package io.solaster.pool.discovery;

import java.net.HttpURLConnection;
import java.time.Duration;

import io.fabric8.kubernetes.api.model.ListMetaBuilder;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceList;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceListBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.solaster.config.pool.DiscoveryConfig;
import org.junit.jupiter.api.Test;

/** An API server that has forgotten what we watch, or refuses us for a while. */
@EnableKubernetesMockClient
class KubernetesWatchTest {
    private static final String SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
    private static final String LABEL = "labelSelector=kubernetes.io%2Fservice-name%3Dorders";
    private static final String LIST = SLICES + "?" + LABEL + "&resourceVersion=0";

    private final Found found = new Found();
    KubernetesMockServer server;
    KubernetesClient client;

    @Test
    void afterAHistoryThatHasRunOutItListsAnew() {
        server.expect().get().withPath(LIST).andReturn(HttpURLConnection.HTTP_OK, list("1", "10.0.0.1")).once();
        server.expect().get().withPath(watch("1")).andUpgradeToWebSocket().open().waitFor(50)
                .andEmit(new WatchEvent(new StatusBuilder().withCode(HttpURLConnection.HTTP_GONE)
                        .withMessage("too old resource version").build(), "ERROR"))
                .done().once();
        // Anew, and not from a cache.
        server.expect().get().withPath(SLICES + "?" + LABEL)
                .andReturn(HttpURLConnection.HTTP_OK, list("9", "10.0.0.9")).always();
        server.expect().get().withPath(watch("9")).andUpgradeToWebSocket().open().done().always();
        try (KubernetesDiscovery discovery = discovery()) {
            found.until("10.0.0.9:8080");
            discovery.refresh();
        }
    }

    @Test
    void whoIsRefusedAtTheStartTriesAgain() {
        server.expect().get().withPath(LIST).andReturn(HttpURLConnection.HTTP_FORBIDDEN,
                new StatusBuilder().withCode(HttpURLConnection.HTTP_FORBIDDEN).withMessage("no right").build()).once();
        server.expect().get().withPath(LIST).andReturn(HttpURLConnection.HTTP_OK, list("1", "10.0.0.1")).always();
        server.expect().get().withPath(watch("1")).andUpgradeToWebSocket().open().done().always();
        try (KubernetesDiscovery discovery = discovery()) {
            found.until("10.0.0.1:8080");
            found.until(() -> found.failures.stream().anyMatch(failure -> failure.toString().contains("no right")));
            discovery.refresh();
        }
    }

    private KubernetesDiscovery discovery() {
        KubernetesDiscovery discovery = new KubernetesDiscovery(client,
                new DiscoveryConfig(DiscoveryConfig.Type.KUBERNETES, "orders", 0, "shop",
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(1)));
        discovery.start(found);
        return discovery;
    }

    private static String watch(String version) {
        return SLICES + "?allowWatchBookmarks=true&" + LABEL + "&resourceVersion=" + version
                + "&timeoutSeconds=600&watch=true";
    }

    private static EndpointSliceList list(String version, String address) {
        return new EndpointSliceListBuilder().withMetadata(new ListMetaBuilder().withResourceVersion(version).build())
                .withItems(new EndpointSliceBuilder(EndpointSlicesTest.slice("orders-1", address)).editMetadata()
                        .withResourceVersion(version).endMetadata().build())
                .build();
    }
}
