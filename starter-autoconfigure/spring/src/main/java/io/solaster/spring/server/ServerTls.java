package io.solaster.spring.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.config.Internal;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.Tls;
import io.solaster.engine.tls.KeyMaterial;
import io.solaster.engine.tls.TlsContexts;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** Encrypts the servers that name an SSL bundle. On the thread that starts the application. */
public final class ServerTls {
    private final @Nullable SslBundles bundles;
    private final Engine engine;

    /**
     * Encrypts with these.
     *
     * @param bundles null where the application has none
     * @param engine whose threads off the shards run what takes a handshake long
     */
    public ServerTls(@Nullable SslBundles bundles, Engine engine) {
        this.bundles = bundles;
        this.engine = engine;
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
        String key = "solaster.servers." + name;
        Map<String, SslBundle> named = new LinkedHashMap<>();
        named.put(bundle, bundle(key + ".ssl-bundle", bundle, bundles));
        server.tls().serverNames().keySet()
                .forEach(each -> named.put(each, bundle(key + ".tls.server-names", each, bundles)));
        try {
            return over(key, server, handler, named, bundles, engine);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new InvalidConfigException(List.of(new Violation(key + ".ssl-bundle", bundle,
                    String.valueOf(e.getMessage()), "mend spring.ssl.bundle.*." + bundle)));
        }
    }

    /**
     * A handler behind TLS that goes by these bundles, and by what they are updated to.
     *
     * @param key where the server is configured, for messages
     * @param named by the names that {@link ServerConfig#sslBundle} and {@code tls.server-names} use
     * @param bundles tell of updates; null where nothing does
     * @throws IllegalArgumentException if no server can be made of one of them
     * @throws IllegalStateException if one of them cannot be read
     */
    @Internal
    public static Tls over(String key, ServerConfig server, ConnectionHandler handler, Map<String, SslBundle> named,
            @Nullable SslBundles bundles, Engine engine) {
        Map<String, KeyMaterial> materials = new LinkedHashMap<>();
        named.forEach((name, bundle) -> materials.put(name, BundleMaterial.of(bundle)));
        TlsContexts contexts = new TlsContexts(key, server.tls(), server.clientAuth(), handler::applicationProtocols,
                String.valueOf(server.sslBundle()), materials, engine.environment());
        if (bundles != null) {
            named.keySet().stream().filter(bundles.getBundleNames()::contains)
                    .forEach(name -> bundles.addBundleUpdateHandler(name,
                            bundle -> contexts.update(name, () -> BundleMaterial.of(bundle))));
        }
        return Tls.over(contexts, server.tls(), engine.offload(), handler);
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
