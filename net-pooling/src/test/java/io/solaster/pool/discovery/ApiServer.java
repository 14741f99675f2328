package io.solaster.pool.discovery;

import java.util.HashMap;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;

/**
 * A mock of Kubernetes' API server, and a client of it that tries again soon. One for all tests of a class, and without TLS: the
 * extension starts one for each test, whose certificates take a second.
 */
final class ApiServer implements AutoCloseable {
    final KubernetesMockServer server;
    final KubernetesClient client;

    private ApiServer(KubernetesMockServer server) {
        this.server = server;
        server.init();
        client = server.createClient();
        client.getConfiguration().setWatchReconnectInterval(20);
    }

    /** It says what it is told to. */
    static ApiServer told() {
        return new ApiServer(new KubernetesMockServer(false));
    }

    /** It keeps what it is given. */
    static ApiServer keeping() {
        return new ApiServer(new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(),
                new KubernetesCrudDispatcher(), false));
    }

    @Override
    public void close() {
        client.close();
        server.destroy();
    }
}
