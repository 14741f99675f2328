package io.solaster.spring.pool;

import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.engine.tls.TlsChoice;
import io.solaster.spring.server.ServerTls;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslOptions;

/** What the connections of a pool are encrypted with: made of a bundle, and anew when that is updated. Any thread. */
final class PoolTls implements Supplier<SslContext> {
    private static final Logger log = LoggerFactory.getLogger(PoolTls.class);

    private final String key;
    private final TlsChoice choice;
    private final boolean http2;
    private volatile SslContext current;
    private volatile Runnable listener = () -> {};

    private PoolTls(String key, PoolConfig pool, @Nullable SslBundle bundle) throws SSLException {
        this.key = key;
        this.choice = TlsChoice.of(pool.ssl().provider());
        this.http2 = pool.protocol() == PoolConfig.Protocol.HTTP
                && pool.http().version() == PoolHttpConfig.Version.HTTP_2;
        this.current = context(bundle);
        log.info("{}: TLS by {}", key, choice);
    }

    /**
     * The contexts of a pool's connections.
     *
     * @return null where they are not encrypted
     * @throws InvalidConfigException if there is no such bundle, or no client can be made of it
     */
    static @Nullable PoolTls of(String pool, PoolConfig config, @Nullable SslBundles bundles) {
        SslConfig ssl = config.ssl();
        if (!ssl.isUsed()) {
            return null;
        }
        String key = "solaster.pools." + pool + ".ssl.bundle";
        String name = ssl.bundle();
        try {
            if (name == null) {
                return new PoolTls(key, config, null);
            }
            PoolTls tls = new PoolTls(key, config, ServerTls.bundle(key, name, bundles));
            if (bundles != null) {
                bundles.addBundleUpdateHandler(name, tls::update);
            }
            return tls;
        } catch (SSLException | IllegalArgumentException e) {
            throw new InvalidConfigException(List.of(new Violation(key, String.valueOf(name),
                    "no client can be made of it: " + e.getMessage(), "mend spring.ssl.bundle.*." + name)));
        }
    }

    private SslContext context(@Nullable SslBundle bundle) throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(choice.isOpenSsl() ? SslProvider.OPENSSL : SslProvider.JDK);
        if (http2 && choice.isOpenSsl()) {
            // OpenSSL's connections cannot be told one by one, as the JDK's are.
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT,
                    ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1));
        }
        if (bundle == null) {
            return builder.build();
        }
        SslOptions options = bundle.getOptions();
        try {
            return builder.keyManager(bundle.getManagers().getKeyManagerFactory())
                    .trustManager(bundle.getManagers().getTrustManagerFactory())
                    .protocols(options.getEnabledProtocols()).ciphers(SslOptions.asSet(options.getCiphers())).build();
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** What new connections are encrypted with. */
    @Override
    public SslContext get() {
        return current;
    }

    /** Told after each update that is good, on whatever thread. */
    void onUpdate(Runnable newListener) {
        listener = newListener;
    }

    /** Goes by the bundle as it is now; by the one before where that is no good. */
    private void update(SslBundle bundle) {
        try {
            current = context(bundle);
        } catch (SSLException | RuntimeException e) {
            log.error("{}: the updated SSL bundle is no good, and new connections go by the one before it", key, e);
            return;
        }
        log.info("{}: the SSL bundle was updated, new connections go by it, and those that there are close as they"
                + " come free", key);
        listener.run();
    }
}
