package io.solaster.spring.web;

import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.solaster.http.HttpProtocol;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerException;

/** What new connections are encrypted with: made of a bundle of Spring Boot's, and anew when that is updated. Any thread. */
final class TlsContexts implements Supplier<SslContext> {
    private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);

    private final ClientAuth clientAuth;
    private volatile SslContext current;

    /**
     * Encrypts with this bundle until another comes.
     *
     * @throws WebServerException if no server can be made of it
     */
    TlsContexts(SslBundle bundle, Ssl.@Nullable ClientAuth clientAuth) {
        this.clientAuth = Ssl.ClientAuth.map(clientAuth, ClientAuth.NONE, ClientAuth.OPTIONAL, ClientAuth.REQUIRE);
        this.current = context(bundle);
    }

    @Override
    public SslContext get() {
        return current;
    }

    /** Connections from now on are encrypted with another bundle; with the old one if that is no good. */
    void update(SslBundle bundle) {
        try {
            current = context(bundle);
            log.info("The SSL bundle of WebFlux's server was updated: new connections go by it");
        } catch (WebServerException e) {
            log.error("The updated SSL bundle is no good, and new connections go by the one before it", e);
        }
    }

    private SslContext context(SslBundle bundle) {
        SslOptions options = bundle.getOptions();
        try {
            return SslContextBuilder.forServer(bundle.getManagers().getKeyManagerFactory())
                    .trustManager(bundle.getManagers().getTrustManagerFactory()).clientAuth(clientAuth)
                    .protocols(options.getEnabledProtocols()).ciphers(SslOptions.asSet(options.getCiphers()))
                    .applicationProtocolConfig(HttpProtocol.APPLICATION_PROTOCOLS).build();
        } catch (SSLException | RuntimeException e) {
            throw new WebServerException("server.ssl: no server can be made of the bundle " + bundle + ": "
                    + e.getMessage() + "; give a certificate and its key", e);
        }
    }
}
