package io.solaster.spring.server;

import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * What new connections are encrypted with: made of a bundle of Spring Boot's, and anew when that is updated. Where the
 * bundle names no ciphers, those with forward secrecy and authenticated encryption are offered, and none in CBC mode. Any
 * thread.
 */
public final class TlsContexts implements Supplier<SslContext> {
    private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);

    private final String key;
    private final ClientAuth clientAuth;
    private final Supplier<ApplicationProtocolConfig> protocols;
    private volatile Made current;

    /**
     * Encrypts with this bundle until another comes.
     *
     * @param key where the bundle is configured, for messages
     * @param protocols what is spoken inside, for clients that ask (ALPN); asked for each connection, since it may change
     * @throws IllegalArgumentException if no server can be made of it
     */
    public TlsContexts(String key, SslBundle bundle, ClientAuth clientAuth,
            Supplier<ApplicationProtocolConfig> protocols) {
        this.key = key;
        this.clientAuth = clientAuth;
        this.protocols = protocols;
        this.current = make(bundle);
    }

    @Override
    public SslContext get() {
        Made made = current;
        // Almost never: where a protocol was switched on or off, the next connection waits a millisecond for it.
        return made.protocols() == protocols.get() ? made.context() : renew();
    }

    private synchronized SslContext renew() {
        Made made = make(current.bundle());
        current = made;
        return made.context();
    }

    /** Connections from now on are encrypted with another bundle; with the old one if that is no good. */
    public synchronized void update(SslBundle bundle) {
        try {
            current = make(bundle);
            log.info("{}: the SSL bundle was updated, new connections go by it", key);
        } catch (IllegalArgumentException e) {
            log.error("The updated SSL bundle is no good, and new connections go by the one before it", e);
        }
    }

    private Made make(SslBundle bundle) {
        SslOptions options = bundle.getOptions();
        ApplicationProtocolConfig spoken = protocols.get();
        Set<String> named = SslOptions.asSet(options.getCiphers());
        try {
            return new Made(bundle, spoken, SslContextBuilder.forServer(bundle.getManagers().getKeyManagerFactory())
                    .trustManager(bundle.getManagers().getTrustManagerFactory()).clientAuth(clientAuth)
                    .protocols(options.getEnabledProtocols())
                    .ciphers(named == null ? Http2SecurityUtil.CIPHERS : named,
                            named == null ? SupportedCipherSuiteFilter.INSTANCE : IdentityCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(spoken).build());
        } catch (SSLException | RuntimeException e) {
            throw new IllegalArgumentException(key + ": no server can be made of the bundle " + bundle + ": "
                    + e.getMessage() + "; give a certificate and its key", e);
        }
    }

    /** A context, and what it was made of. */
    private record Made(SslBundle bundle, ApplicationProtocolConfig protocols, SslContext context) {}
}
