package io.solaster.spring;

import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/** What new connections are encrypted with: made of a bundle of Spring Boot's, and anew when that is updated. Any thread. */
public final class TlsContexts implements Supplier<SslContext> {
    private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);

    private final String key;
    private final ClientAuth clientAuth;
    private final ApplicationProtocolConfig protocols;
    private volatile SslContext current;

    /**
     * Encrypts with this bundle until another comes.
     *
     * @param key where the bundle is configured, for messages
     * @param protocols what is spoken inside, for clients that ask (ALPN)
     * @throws IllegalArgumentException if no server can be made of it
     */
    public TlsContexts(String key, SslBundle bundle, ClientAuth clientAuth, ApplicationProtocolConfig protocols) {
        this.key = key;
        this.clientAuth = clientAuth;
        this.protocols = protocols;
        this.current = context(bundle);
    }

    @Override
    public SslContext get() {
        return current;
    }

    /** Connections from now on are encrypted with another bundle; with the old one if that is no good. */
    public void update(SslBundle bundle) {
        try {
            current = context(bundle);
            log.info("{}: the SSL bundle was updated, new connections go by it", key);
        } catch (IllegalArgumentException e) {
            log.error("The updated SSL bundle is no good, and new connections go by the one before it", e);
        }
    }

    private SslContext context(SslBundle bundle) {
        SslOptions options = bundle.getOptions();
        try {
            return SslContextBuilder.forServer(bundle.getManagers().getKeyManagerFactory())
                    .trustManager(bundle.getManagers().getTrustManagerFactory()).clientAuth(clientAuth)
                    .protocols(options.getEnabledProtocols()).ciphers(SslOptions.asSet(options.getCiphers()))
                    .applicationProtocolConfig(protocols).build();
        } catch (SSLException | RuntimeException e) {
            throw new IllegalArgumentException(key + ": no server can be made of the bundle " + bundle + ": "
                    + e.getMessage() + "; give a certificate and its key", e);
        }
    }
}
