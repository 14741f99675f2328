package io.solaster.operator.client;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;

/** Makes clients for the operator. */
public final class Clients {
    private Clients() {}

    /**
     * A client whose lists and watches go on where an object cannot be read: what can be read of such an object comes, and
     * {@link Unreadable} tells what could not. A line of a watch that is no event has the objects listed anew.
     */
    public static KubernetesClient of(Config config) {
        return new KubernetesClientBuilder().withConfig(config)
                .withKubernetesSerialization(TolerantSerialization.make()).build();
    }
}
