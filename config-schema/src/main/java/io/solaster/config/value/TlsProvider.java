package io.solaster.config.value;

/** What does TLS. */
public enum TlsProvider {
    /** OpenSSL where {@code netty-tcnative} is there and loads, else the JDK. The choice is logged, with the reason. */
    AUTO,
    /** OpenSSL, or BoringSSL, by {@code netty-tcnative}; an error where that is not there. */
    OPENSSL,
    /** The JDK. */
    JDK
}
