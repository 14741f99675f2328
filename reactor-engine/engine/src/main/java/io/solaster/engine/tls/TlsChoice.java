package io.solaster.engine.tls;

import io.netty.handler.ssl.OpenSsl;
import io.solaster.config.value.TlsProvider;

/**
 * What does TLS in this process, and why.
 *
 * @param provider {@link TlsProvider#OPENSSL} or {@link TlsProvider#JDK}
 * @param name such as {@code BoringSSL}, with its version
 * @param reason for people
 */
public record TlsChoice(TlsProvider provider, String name, String reason) {

    /**
     * What is to be taken where this is wanted.
     *
     * @throws IllegalArgumentException if OpenSSL is wanted and does not load; the message says why and what to add
     */
    public static TlsChoice of(TlsProvider wanted) {
        if (wanted == TlsProvider.JDK) {
            return new TlsChoice(TlsProvider.JDK, jdk(), "configured");
        }
        if (OpenSsl.isAvailable()) {
            return new TlsChoice(TlsProvider.OPENSSL, OpenSsl.versionString(),
                    wanted == TlsProvider.OPENSSL ? "configured" : "netty-tcnative is there");
        }
        String missing = missing(OpenSsl.unavailabilityCause());
        if (wanted == TlsProvider.OPENSSL) {
            throw new IllegalArgumentException("OpenSSL is not there: " + missing
                    + "; add io.netty:netty-tcnative-boringssl-static with the classifier of this platform, or take 'auto'");
        }
        return new TlsChoice(TlsProvider.JDK, jdk(), missing);
    }

    /** Whether it is OpenSSL. */
    public boolean isOpenSsl() {
        return provider == TlsProvider.OPENSSL;
    }

    private static String jdk() {
        return "JDK " + Runtime.version().feature();
    }

    private static String missing(Throwable cause) {
        return cause instanceof ClassNotFoundException || cause instanceof NoClassDefFoundError
                ? "netty-tcnative is not on the class path"
                : "netty-tcnative does not load: " + String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public String toString() {
        return name + " (" + reason + ")";
    }
}
