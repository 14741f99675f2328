package io.solaster.benchmarks;

import java.util.Locale;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;

/** The store without Spring, as the benchmark scripts start it: {@code StoreServer port shards transport}. */
public final class StoreServer {

    private StoreServer() {}

    public static void main(String[] args) throws InterruptedException {
        int port = Integer.parseInt(args[0]);
        int shards = Integer.parseInt(args[1]);
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        Engine engine = Engine.start(EngineConfig.defaults().withShards(shards).withTransport(transport)
                .withPinning(shards == 1 ? Pinning.AUTO : Pinning.NEVER));
        ServerConfig config = ServerConfig.of("resp", port);
        TcpServer.bind(engine, "kv", config, new RespProtocol(Store.on(engine), config));
        Thread.currentThread().join();
    }
}
