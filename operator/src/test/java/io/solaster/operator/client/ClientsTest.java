package io.solaster.operator.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.Test;

class ClientsTest {
    private static Config config(ConfigBuilder builder) {
        try (KubernetesClient client = Clients.of(builder.withMasterUrl("http://localhost:1/").build(),
                object -> false)) {
            return client.getConfiguration();
        }
    }

    /** Where nothing says where a token comes from, the client reads all files for one before each request. */
    @Test
    void noTokenIsLookedForWhereThereIsNone() {
        Config none = config(new ConfigBuilder(Config.empty()));
        assertThat(none.getOauthTokenProvider().getToken()).isNull();
        assertThat(config(new ConfigBuilder(Config.empty()).withAutoOAuthToken("a")).getOauthTokenProvider())
                .as("a token that is read from a file is read again").isNull();
        assertThat(config(new ConfigBuilder(Config.empty()).withOauthToken("a")).getOauthToken()).isEqualTo("a");
    }
}
