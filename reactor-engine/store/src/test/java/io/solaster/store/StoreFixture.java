package io.solaster.store;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;

/** A store on an engine of so many shards, shared by all tests and empty at first; its clock goes ahead on demand. */
final class StoreFixture {
    private static final Map<Integer, StoreFixture> BY_SHARDS = new ConcurrentHashMap<>();

    private final Engine engine;
    private final Store store;
    private final AtomicLong ahead = new AtomicLong();
    private final Server server;

    private StoreFixture(int shards) {
        engine = Engine.start(EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER)
                .withTransport(Transport.valueOf(System.getProperty("solaster.test.transport", "AUTO"))));
        store = Store.on(engine, () -> System.currentTimeMillis() + ahead.get());
        server = serve(config());
        Runtime.getRuntime().addShutdownHook(new Thread(engine::close));
    }

    static StoreFixture of(int shards) {
        return BY_SHARDS.computeIfAbsent(shards, StoreFixture::new);
    }

    /** A server on a free port, as an empty configuration gives it. */
    static ServerConfig config() {
        return ServerConfig.of("resp", 0);
    }

    /** One more server before the same store, until it is closed. */
    Server serve(ServerConfig config) {
        RespProtocol protocol = new RespProtocol(store, config);
        return new Server(TcpServer.bind(engine, "test", config, protocol), protocol);
    }

    record Server(TcpServer tcp, RespProtocol protocol) implements AutoCloseable {
        RespClient connect() {
            return new RespClient(tcp.port());
        }

        @Override
        public void close() {
            tcp.close();
        }
    }

    Engine engine() {
        return engine;
    }

    Store store() {
        return store;
    }

    int port() {
        return server.tcp().port();
    }

    RespClient connect() {
        return server.connect();
    }

    /** A client of a store whose keys are all gone. */
    RespClient connectEmpty() {
        RespClient client = connect();
        client.call("FLUSHALL");
        return client;
    }

    /** Lets the store's clock jump. */
    void advance(Duration by) {
        ahead.addAndGet(by.toMillis());
    }

    /** Lets the store's clock show the time again. */
    void resetClock() {
        ahead.set(0);
    }

    /** Waits until something holds, for at most ten seconds. */
    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("ten seconds have passed and it is not so that " + what);
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
