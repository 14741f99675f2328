package io.solaster.benchmarks.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

import com.sun.management.ThreadMXBean;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.transport.TransportChoice;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;

/**
 * The store without Spring, as the benchmark scripts start it: {@code StoreServer port shards transport [control [folder
 * fsync]]}; where a folder is named, it is kept there, and snapshots are written only if they are asked for.
 *
 * <p>
 * With {@code control}, each line on standard input is answered with one line: of counts (see {@link #counts}), or as
 * {@link #WATCH_TURNS} and {@link #TURNS} say. The end of standard input ends the server: it cannot outlive the script
 * that started it.
 */
public final class StoreServer {
    /** Has the first shard watch for its longest turn from now on. */
    static final String WATCH_TURNS = "watch";
    /** Asks for the longest turn since, in nanoseconds of CPU time, and how many collections there were, and their time. */
    static final String TURNS = "turns";

    private StoreServer() {}

    public static void main(String[] args) throws InterruptedException, IOException {
        int port = Integer.parseInt(args[0]);
        int shards = Integer.parseInt(args[1]);
        Transport transport = Transport.valueOf(args[2].toUpperCase(Locale.ROOT));
        Engine engine = Engine.start(EngineConfig.defaults().withShards(shards).withTransport(transport)
                .withPinning(shards == 1 ? Pinning.AUTO : Pinning.NEVER));
        ServerConfig config = ServerConfig.of("resp", port);
        Store store = Store.on(engine,
                args.length < 6 ? StoreConfig.defaults() : kept(args[4], Fsync.valueOf(args[5])));
        TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
        if (args.length < 4) {
            Thread.currentThread().join();
        }
        long[] threads = engine.shards().stream()
                .mapToLong(shard -> engine.submitTo(shard.id(), () -> Thread.currentThread().threadId()).join())
                .toArray();
        BufferedReader control = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        TurnWatch turns = new TurnWatch(engine);
        long[] collections = collections();
        for (String line = control.readLine(); line != null; line = control.readLine()) {
            switch (line) {
                case WATCH_TURNS -> {
                    collections = collections();
                    System.out.println(turns.begin());
                }
                case TURNS -> {
                    long[] now = collections();
                    System.out.println(turns.longest() + " " + (now[0] - collections[0]) + " "
                            + (now[1] - collections[1]));
                }
                default -> System.out.println(counts(engine, store, threads));
            }
        }
        engine.close();
    }

    private static StoreConfig kept(String folder, Fsync fsync) {
        StorePersistenceConfig persistence = StorePersistenceConfig.in(folder).withFsync(fsync);
        return StoreConfig.defaults().withPersistence(
                persistence.withSizes(persistence.segment(), persistence.buffer(), new ByteSize(0)));
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

    /** How many collections of garbage there were, and how many milliseconds they took. */
    private static long[] collections() {
        long count = 0;
        long millis = 0;
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
            count += bean.getCollectionCount();
            millis += bean.getCollectionTime();
        }
        return new long[]{count, millis};
    }
}
