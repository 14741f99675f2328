package io.solaster.engine.tls;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.handler.ssl.OpenSsl;
import io.solaster.config.value.TlsProvider;

/** Tests with OpenSSL are skipped, with the reason, where netty-tcnative does not load. */
public final class OpenSslThere {

    private OpenSslThere() {}

    public static void assume() {
        assumeTrue(OpenSsl.isAvailable(), () -> "no OpenSSL: " + OpenSsl.unavailabilityCause());
    }

    public static TlsProvider assume(TlsProvider provider) {
        if (provider == TlsProvider.OPENSSL) {
            assume();
        }
        return provider;
    }
}
