package io.solaster.spring.server;

import java.util.List;

import io.netty.handler.ssl.ClientAuth;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Offload;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.Tls;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** Encrypts the servers that name an SSL bundle. On the thread that starts the application. */
public final class ServerTls {
    private final @Nullable SslBundles bundles;
    private final Offload offload;

    /**
     * Encrypts with these.
     *
     * @param bundles null where the application has none
     * @param offload runs what takes a handshake long
     */
    public ServerTls(@Nullable SslBundles bundles, Offload offload) {
        this.bundles = bundles;
        this.offload = offload;
    }

    /**
     * The handler, behind TLS if the server's configuration says so.
     *
     * @throws InvalidConfigException if there is no such bundle, or no server can be made of it
     */
    ConnectionHandler over(String name, ServerConfig server, ConnectionHandler handler) {
        String bundle = server.sslBundle();
        if (bundle == null || bundle.isEmpty()) {
            return handler;
        }
        String key = "solaster.servers." + name + ".ssl-bundle";
        try {
            TlsContexts contexts = new TlsContexts(key, bundle(key, bundle, bundles), switch (server.clientAuth()) {
                case NONE -> ClientAuth.NONE;
                case WANT -> ClientAuth.OPTIONAL;
                case NEED -> ClientAuth.REQUIRE;
            }, handler::applicationProtocols);
            if (bundles != null) {
                bundles.addBundleUpdateHandler(bundle, contexts::update);
            }
            return Tls.over(contexts, offload, handler);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException(List.of(new Violation(key, bundle, String.valueOf(e.getMessage()),
                    "mend spring.ssl.bundle.*." + bundle)));
        }
    }

    /**
     * The bundle of this name.
     *
     * @param key where the name is configured, for messages
     * @param bundles null where the application has none
     * @throws InvalidConfigException if there is no such bundle; it names those that there are
     */
    public static SslBundle bundle(String key, String name, @Nullable SslBundles bundles) {
        try {
            if (bundles != null) {
                return bundles.getBundle(name);
            }
        } catch (NoSuchSslBundleException e) {
            // Told below, with those that there are.
        }
        throw new InvalidConfigException(List.of(new Violation(key, name, "there is no SSL bundle '" + name + "'",
                "define it below spring.ssl.bundle" + (bundles == null || bundles.getBundleNames().isEmpty()
                        ? ""
                        : ", or write one of " + String.join(", ", bundles.getBundleNames())))));
    }
}
