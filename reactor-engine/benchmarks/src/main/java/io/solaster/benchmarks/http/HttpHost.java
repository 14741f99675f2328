package io.solaster.benchmarks.http;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

import io.solaster.benchmarks.peers.HelidonPeer;
import io.solaster.benchmarks.peers.NettyPeer;
import io.solaster.benchmarks.peers.Peer;
import io.solaster.benchmarks.peers.ReactorNettyPeer;
import io.solaster.benchmarks.peers.SolasterPeer;
import io.solaster.benchmarks.peers.UndertowPeer;
import io.solaster.benchmarks.peers.VertxPeer;
import io.solaster.config.EngineConfig.Transport;

/**
 * One HTTP server in a process of its own, as {@code http.sh} starts it: {@code HttpHost peer port transport}. Ends with
 * its standard input.
 */
public final class HttpHost {
    /** What may be asked for, by name. */
    private static final Map<String, Supplier<Peer>> PEERS = Map.of("solaster", SolasterPeer::new, "vertx",
            VertxPeer::new, "reactor-netty", ReactorNettyPeer::new, "undertow", UndertowPeer::new, "helidon",
            HelidonPeer::new, "netty", NettyPeer::new);

    private HttpHost() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
        Supplier<Peer> peer = PEERS.get(args[0]);
        if (peer == null) {
            throw new IllegalArgumentException("'" + args[0] + "': want one of " + PEERS.keySet());
        }
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        System.out.println(HttpProcess.READY + peer.get().start(Integer.parseInt(args[1]), transport));
        awaitEnd();
        System.exit(0);
    }

    private static void awaitEnd() throws IOException {
        while (System.in.read() >= 0) {
            // Nothing is asked of it.
        }
    }
}
