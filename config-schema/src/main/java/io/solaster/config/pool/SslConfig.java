package io.solaster.config.pool;

import io.solaster.config.value.TlsProvider;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the connections of a pool are encrypted.
 *
 * @param bundle the SSL bundle: whom we trust, and the certificate that we show; none by default
 * @param enabled whether connections are encrypted; true where there is a bundle, else with what Java trusts
 * @param serverName the name that endpoints must prove (SNI, certificate); the endpoint's host by default
 * @param verifyHostname whether the certificate must be for that name
 * @param provider what does TLS: OpenSSL by netty-tcnative, the JDK, or the first of them that is there
 */
public record SslConfig(@Nullable String bundle, @Nullable Boolean enabled, @Nullable String serverName,
        @DefaultValue("true") boolean verifyHostname, @DefaultValue("auto") TlsProvider provider) {

    /** What an empty configuration gives: no encryption. */
    public static SslConfig defaults() {
        return new SslConfig(null, null, null, true, TlsProvider.AUTO);
    }

    /** Whether connections are encrypted. */
    public boolean isUsed() {
        return enabled == null ? bundle != null : enabled;
    }
}
