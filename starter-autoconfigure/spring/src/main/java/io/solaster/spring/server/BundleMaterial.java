package io.solaster.spring.server;

import io.solaster.config.Internal;
import io.solaster.engine.tls.KeyMaterial;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/** What TLS shows and trusts, of a bundle of Spring Boot's. Any thread. */
@Internal
public final class BundleMaterial {

    private BundleMaterial() {}

    /**
     * The bundle's keys, authorities, protocols and cipher suites.
     *
     * @throws IllegalStateException if the bundle cannot be read
     */
    public static KeyMaterial of(SslBundle bundle) {
        SslOptions options = bundle.getOptions();
        return KeyMaterial
                .ofFactories(bundle.getManagers().getKeyManagerFactory(), bundle.getManagers().getTrustManagerFactory())
                .withAlias(bundle.getKey().getAlias())
                .withOptions(options.getEnabledProtocols(), SslOptions.asSet(options.getCiphers()));
    }
}
