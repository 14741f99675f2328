package io.solaster.operator.client;

import java.util.function.Predicate;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Utils;

/** Makes clients for the operator. */
public final class Clients {
    private Clients() {}

    /**
     * A client whose lists and watches go on where an object cannot be read: what can be read of such an object comes, and
     * {@link Unreadable} tells what could not. A line of a watch that is no event has the objects listed anew.
     *
     * @param fields of which objects of lists and watches it is kept who has set which field
     */
    public static KubernetesClient of(Config config, Predicate<HasMetadata> fields) {
        return new KubernetesClientBuilder().withConfig(patient(config))
                .withKubernetesSerialization(TolerantSerialization.make(fields)).build();
    }

    /** A client whose config has no token, but a certificate, would look for one before each request, in all files. */
    private static Config patient(Config config) {
        boolean none = Utils.isNullOrEmpty(config.getOauthToken()) && Utils.isNullOrEmpty(config.getAutoOAuthToken())
                && config.getOauthTokenProvider() == null && config.getAuthProvider() == null;
        return none ? new ConfigBuilder(config).withOauthTokenProvider(() -> null).build() : config;
    }
}
