package io.solaster.engine.readme;

import io.solaster.config.server.UdpConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.udp.UdpServer;

/** A server of datagrams. */
final class DatagramsExample {

    private DatagramsExample() {}

    static UdpServer run(Engine engine) {
        UdpServer server = UdpServer.bind(engine, "names", UdpConfig.of("dns", 0), (endpoint, bytes, from) -> {
            // On the shard that owns the socket. What is sent leaves once all that had come is handled.
            endpoint.send(bytes.retain(), from);
        });
        return server;
    }
}
