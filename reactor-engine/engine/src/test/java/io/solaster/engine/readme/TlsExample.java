package io.solaster.engine.readme;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.tls.KeyMaterial;
import io.solaster.engine.tls.TlsContexts;

/** A server that encrypts. */
final class TlsExample {

    private TlsExample() {}

    static TcpServer run(Engine engine, ServerConfig config, PrivateKey privateKey, List<X509Certificate> chain,
            ConnectionHandler protocol) {
        Map<String, KeyMaterial> materials = Map.of("web", KeyMaterial.of(privateKey, chain));
        TlsContexts contexts = new TlsContexts("web", config.tls(), config.clientAuth(),
                protocol::applicationProtocols, "web", materials, engine.environment());
        return TcpServer.bind(engine, "web", config, Tls.over(contexts, config.tls(), engine.offload(), protocol));
    }
}
