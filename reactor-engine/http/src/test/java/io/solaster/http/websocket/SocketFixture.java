package io.solaster.http.websocket;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.netty.handler.ssl.SslContext;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.timer.ManualClock;
import io.solaster.http.HttpHandler;
import io.solaster.http.Transports;
import io.solaster.http.server.HttpProtocol;
import org.jspecify.annotations.Nullable;

/** An engine with WebSockets, and servers and clients that are closed with it. */
final class SocketFixture implements AutoCloseable {
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final Engine engine;
    private final WebSockets sockets;
    private final List<Runnable> open = new ArrayList<>();

    SocketFixture(Transport transport, int shards, @Nullable ManualClock clock) {
        Transports.assumeAvailable(transport);
        EngineConfig config = EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER)
                .withTransport(transport);
        engine = clock == null ? Engine.start(config) : Engine.start(config, clock);
        sockets = WebSockets.on(engine, WebSocketConfig.defaults());
    }

    Engine engine() {
        return engine;
    }

    WebSockets sockets() {
        return sockets;
    }

    TcpServer serve(HttpHandler handler) {
        return serve(null, handler);
    }

    /** @param tls null for none */
    TcpServer serve(@Nullable SslContext tls, HttpHandler handler) {
        ServerConfig config = ServerConfig.of("http", 0);
        HttpProtocol protocol = new HttpProtocol(handler, config);
        TcpServer server = TcpServer.bind(engine, "web", config,
                tls == null ? protocol : Tls.over(() -> tls, engine.offload(), protocol));
        open.add(server::close);
        return server;
    }

    /** A connection to a server of its own for this listener. */
    WsClient connect(WebSocketListener listener, String... headers) {
        return connect(sockets.handler(listener), headers);
    }

    WsClient connect(HttpHandler handler, String... headers) {
        return connect(serve(handler), headers);
    }

    WsClient connect(TcpServer server, String... headers) {
        WsClient client = WsClient.open(server.port(), "/chat?x=1", headers);
        open.add(client::close);
        return client;
    }

    /** One that asks for nothing yet. */
    WsClient client(TcpServer server, int receiveBuffer) {
        WsClient client = new WsClient(server.port(), receiveBuffer);
        open.add(client::close);
        return client;
    }

    long count(java.util.function.ToLongFunction<WebSocketStats> what) {
        return sockets.stats().stream().mapToLong(what).sum();
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("within a minute it was not so that " + what);
            }
            LockSupport.parkNanos(500_000);
        }
    }

    void closeAll() {
        open.reversed().forEach(Runnable::run);
        open.clear();
        sockets.reconfigure(WebSocketConfig.defaults());
    }

    @Override
    public void close() {
        closeAll();
        engine.close();
    }
}
