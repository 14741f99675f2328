package io.solaster.store;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.MeshConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.StoreConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ShardCount;
import io.solaster.engine.Engine;
import io.solaster.engine.Sharded;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.server.ServerShard;
import io.solaster.store.shard.Parts;

/** A store on an engine of so many shards, shared by all tests and empty at first; its clock goes ahead on demand. */
public final class StoreFixture {
    private static final Map<Integer, StoreFixture> BY_SHARDS = new ConcurrentHashMap<>();

    private final Engine engine;
    private final Store store;
    private final AtomicLong ahead = new AtomicLong();
    private final Server server;

    private StoreFixture(int shards) {
        this(EngineConfig.defaults().withShards(shards));
    }

    private StoreFixture(EngineConfig config) {
        engine = Engine.start(config.withPinning(Pinning.NEVER)
                .withTransport(Transport.valueOf(System.getProperty("solaster.test.transport", "AUTO"))));
        store = Store.on(engine, StoreConfig.defaults(),
                () -> System.currentTimeMillis() + ahead.get());
        server = serve(config());
        Runtime.getRuntime().addShutdownHook(new Thread(engine::close));
    }

    public static StoreFixture of(int shards) {
        return BY_SHARDS.computeIfAbsent(shards, StoreFixture::new);
    }

    /** One that is shared with nobody. */
    public static StoreFixture alone(int shards) {
        return new StoreFixture(shards);
    }

    /**
     * As {@link #alone}, for tests of what is long: that hold a shard for longer than is worth a word, and count turns, which are so short
     * that a fast machine needs many, too.
     */
    public static StoreFixture patient(int shards) {
        return patient(shards, EngineConfig.defaults().mesh());
    }

    /** As {@link #patient}, with narrow lanes between the shards. */
    static StoreFixture narrow(int shards) {
        return patient(shards, new MeshConfig(64, 16));
    }

    private static StoreFixture patient(int shards, MeshConfig mesh) {
        EngineConfig usual = EngineConfig.defaults();
        return new StoreFixture(new EngineConfig(new ShardCount(shards), usual.smt(), usual.pinning(),
                usual.housekeeping(), usual.transport(), usual.idle(), Duration.ofNanos(100_000), mesh, usual.offload(),
                usual.files(), usual.memory(), usual.checks(), usual.shutdownTimeout(), usual.groups(),
                new StallConfig(false, Duration.ofSeconds(1), 0, Duration.ZERO)));
    }

    /** A server on a free port, as an empty configuration gives it. */
    public static ServerConfig config() {
        return ServerConfig.of("resp", 0);
    }

    /** One more server before the same store, until it is closed. */
    public Server serve(ServerConfig config) {
        RespProtocol protocol = new RespProtocol(store, config);
        return new Server(TcpServer.bind(engine, "test", config, protocol), protocol);
    }

    public record Server(TcpServer tcp, RespProtocol protocol) implements AutoCloseable {
        public RespClient connect() {
            return new RespClient(tcp.port());
        }

        @Override
        public void close() {
            tcp.close();
        }
    }

    public Engine engine() {
        return engine;
    }

    public Store store() {
        return store;
    }

    /** What serves the clients of each shard. */
    public Sharded<ServerShard> servers() {
        return store.servers();
    }

    /** Limits with another number of arguments that a command may have. */
    public static LimitsConfig withMaxArguments(LimitsConfig limits, int maxArguments) {
        return new LimitsConfig(limits.maxConnections(), 0, limits.idleTimeout(), limits.outputBuffer(), maxArguments,
                limits.maxBulk(), limits.maxInline(), limits.commandsPerTurn(), limits.bytesPerTurn(),
                limits.subscribers());
    }

    /** A store on another engine. */
    public static Store on(Engine engine) {
        return Store.on(engine, StoreConfig.defaults(), System::currentTimeMillis);
    }

    /** What serves the clients of each shard of another store. */
    public static Sharded<ServerShard> servers(Store store) {
        return store.servers();
    }

    /** One more store on the same engine, with keyspaces of its own. */
    public Store newStore(Supplier<Keyspace> keyspaces) {
        return Store.on(engine, System::currentTimeMillis, keyspaces);
    }

    /** A store's parts, which only its own package sees. */
    public static Parts parts(Store store) {
        return store.parts();
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

    /** Waits until something holds, for at most a minute. */
    public static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("a minute has passed and it is not so that " + what);
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }
}
