package io.solaster.http;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.env.Environment;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;

/** An engine, and servers and clients on it that are closed with it. */
final class HttpFixture implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Engine engine;
    private final List<AutoCloseable> open = new ArrayList<>();

    HttpFixture(Transport transport, int shards) {
        this(EngineConfig.defaults().withShards(shards).withTransport(transport));
    }

    /** @param config but for pinning: tests share the machine's CPUs */
    HttpFixture(EngineConfig config) {
        Transports.assumeAvailable(config.transport());
        engine = Engine.start(config.withPinning(Pinning.NEVER));
    }

    /** On files that the test has a hand in. */
    HttpFixture(EngineConfig config, Environment environment) {
        Transports.assumeAvailable(config.transport());
        engine = Engine.start(config.withPinning(Pinning.NEVER), environment);
    }

    Engine engine() {
        return engine;
    }

    /** A server for this handler, on a free port. */
    TcpServer serve(HttpHandler handler) {
        return serve(ServerConfig.of("http", 0), handler);
    }

    TcpServer serve(ServerConfig config, HttpHandler handler) {
        return bind(config, new HttpProtocol(handler, config));
    }

    TcpServer bind(ServerConfig config, ConnectionHandler protocol) {
        TcpServer server = TcpServer.bind(engine, "web", config, protocol);
        open.add(server);
        return server;
    }

    RawClient connect(TcpServer server) {
        return connect(server.port());
    }

    RawClient connect(int port) {
        return open(new RawClient(port));
    }

    /** Closes it with the rest. */
    <T extends AutoCloseable> T open(T each) {
        open.add(each);
        return each;
    }

    /** Closes what was opened, in the order in which it was not. */
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        open.clear();
    }

    @Override
    public void close() throws Exception {
        closeAll();
        engine.close();
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(PATIENCE + " have passed and it is not so that " + what);
            }
            Thread.yield();
        }
    }
}
