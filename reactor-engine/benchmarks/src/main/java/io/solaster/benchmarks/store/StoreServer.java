package io.solaster.benchmarks.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

import com.sun.management.ThreadMXBean;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;

/**
 * The store without Spring, as the benchmark scripts start it: {@code StoreServer port shards transport [control]}.
 *
 * <p>
 * With {@code control}, each line on standard input is answered with one line of counts (see {@link #counts}), and the
 * end of standard input ends the server: it cannot outlive the script that started it.
 */
public final class StoreServer {

    private StoreServer() {}

    public static void main(String[] args) throws InterruptedException, IOException {
        int port = Integer.parseInt(args[0]);
        int shards = Integer.parseInt(args[1]);
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        Engine engine = Engine.start(EngineConfig.defaults().withShards(shards).withTransport(transport)
                .withPinning(shards == 1 ? Pinning.AUTO : Pinning.NEVER));
        ServerConfig config = ServerConfig.of("resp", port);
        Store store = Store.on(engine);
        TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
        if (args.length < 4) {
            Thread.currentThread().join();
        }
        long[] threads = engine.shards().stream()
                .mapToLong(shard -> engine.submitTo(shard.id(), () -> Thread.currentThread().threadId()).join())
                .toArray();
        BufferedReader control = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        while (control.readLine() != null) {
            System.out.println(counts(engine, store, threads));
        }
        engine.close();
    }

    /** Bytes that the shards' threads have allocated, commands, those of them run for another shard, hits, misses. */
    private static String counts(Engine engine, Store store, long[] threads) {
        ThreadMXBean threadBean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = 0;
        for (long thread : threads) {
            allocated += threadBean.getThreadAllocatedBytes(thread);
        }
        return allocated + " " + store.total(stats -> stats.commands.get()) + " "
                + store.total(stats -> stats.foreignCommands.get()) + " " + store.total(stats -> stats.hits.get()) + " "
                + store.total(stats -> stats.misses.get()) + " " + TransportChoice.label(engine.transport().kind());
    }
}
