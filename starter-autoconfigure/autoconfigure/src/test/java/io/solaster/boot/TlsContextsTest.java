package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Set;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.solaster.spring.server.TlsContexts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleKey;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;

class TlsContextsTest {

    private static List<String> ciphers(KeyStore store, SslOptions options) {
        SslBundle bundle = SslBundle.of(SslStoreBundle.of(store, "changeit", null), SslBundleKey.NONE, options);
        return new TlsContexts("key", bundle, ClientAuth.NONE, () -> ApplicationProtocolConfig.DISABLED).get()
                .cipherSuites();
    }

    @Test
    void no_suites_in_CBC_mode_are_offered_unless_the_bundle_names_them(@TempDir Path directory) throws Exception {
        KeyStore store = Certificates.make(directory, "server");
        assertThat(ciphers(store, SslOptions.NONE))
                .contains("TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")
                .noneMatch(suite -> suite.contains("_CBC_") || suite.startsWith("TLS_RSA_"));
        String named = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
        assertThat(ciphers(store, SslOptions.of(Set.of(named), null))).containsExactly(named);
    }
}
