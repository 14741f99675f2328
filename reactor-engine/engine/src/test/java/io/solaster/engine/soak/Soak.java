package io.solaster.engine.soak;

import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

import io.netty.util.internal.PlatformDependent;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.config.GroupConfig.WhenFull;
import io.solaster.config.MeshConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.config.StallConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;

/**
 * Everything at once, at random, engine after engine: calls, timers, forks, connections, from shards and from outside.
 * Some engines end when all that was asked has been answered, so that nothing can hide behind the end; the others are
 * stopped in the middle. Either way what went in must have come out, and nothing of the engine may stay behind.
 */
final class Soak {
    private static final Map<String, GroupConfig> GROUPS = Map.of(
            "rejecting", GroupConfig.ofShares(100).withMaxQueued(4, WhenFull.REJECT),
            "waiting", GroupConfig.ofShares(100).withMaxQueued(2, WhenFull.WAIT).withMeshPermits(4)
                    .withQueueTimeout(Duration.ofMillis(20)),
            "permits", GroupConfig.ofShares(300).withMeshPermits(2).withQueueTimeout(Duration.ofMillis(30)),
            "limited", GroupConfig.ofShares(200).withRateLimit(5_000));
    /** Memory that allocators keep for later. */
    private static final long SLACK = 64 << 20;

    private final Transport transport;
    private final long seed;
    private final Ledger ledger = new Ledger();
    private long parks;
    private int engines;

    Soak(Transport transport, long seed) {
        this.transport = transport;
        this.seed = seed;
    }

    /** @return the counts in one line */
    String run(Duration length) {
        long end = System.nanoTime() + length.toNanos();
        long files = 0;
        long memory = 0;
        try {
            do {
                round(new SplittableRandom(seed + engines), engines % 2 == 0);
                engines++;
                // The first engine loads what stays with the process.
                if (engines == 2) {
                    files = files();
                    memory = PlatformDependent.usedDirectMemory();
                } else if (engines > 2) {
                    long most = files;
                    Engines.until("no file descriptor stays open: " + files() + ", and " + most + " before",
                            () -> files() <= most);
                    if (PlatformDependent.usedDirectMemory() > memory + SLACK) {
                        throw new AssertionError("direct memory grows: " + PlatformDependent.usedDirectMemory()
                                + " bytes, and " + memory + " before");
                    }
                }
            } while (engines < 3 || System.nanoTime() < end);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(transport + " with -Dsoak.seed=" + seed + ", engine " + engines + ": "
                    + e.getMessage() + "\n" + this, e);
        }
        return toString();
    }

    private static long files() {
        return Objects.requireNonNull(new File("/proc/self/fd").list(), "/proc/self/fd").length;
    }

    private void round(SplittableRandom random, boolean toTheEnd) {
        EngineConfig config = Changed.with(EngineConfig.defaults().withTransport(transport).withGroups(GROUPS),
                "offload", OffloadConfig.of(2, 32), "stalls",
                new StallConfig(true, Duration.ofSeconds(10), 5, Duration.ZERO), "mesh",
                random.nextBoolean() ? new MeshConfig(2, 4) : MeshConfig.defaults());
        AtomicBoolean quiet = new AtomicBoolean();
        Engine engine = Engines.start(config, 2 + random.nextInt(2));
        List<Thread> threads = new ArrayList<>();
        List<ShardLoad> loads;
        try (engine; Engine neighbour = Engines.start(Transport.NIO, 1)) {
            TcpServer server = TcpServer.bind(engine, "soak", ServerConfig.of("echo", 0), new Echo(ledger));
            engine.onStop(server::close);
            // Each source of randomness for one thread.
            List<SplittableRandom> randoms = engine.shards().stream().map(shard -> random.split()).toList();
            loads = Engines.get(engine.submitToAll(shard -> new ShardLoad(engine, ledger, randoms.get(shard.id()),
                    quiet::get)));
            Load fromNeighbour = new Load(engine, ledger, random.split());
            neighbour.shard(0).execute(new Runnable() {
                @Override
                public void run() {
                    if (!quiet.get() && !neighbour.isStopping()) {
                        if (fromNeighbour.mayAsk()) {
                            fromNeighbour.ask();
                        }
                        neighbour.shard(0).schedule(this, 100, TimeUnit.MICROSECONDS);
                    }
                }
            });
            threads.add(Load.outside(new Load(engine, ledger, random.split()), quiet::get));
            for (int i = 0; i < 2; i++) {
                threads.add(new Clients(ledger, random.split(), server.port(), engine::isStopping).start(quiet::get));
            }
            for (ShardLoad load : loads) {
                engine.shard(loads.indexOf(load)).execute(load::go);
            }
            disturb(engine, random, System.nanoTime() + 100_000_000 + random.nextLong(900_000_000));
            if (toTheEnd) {
                quiet.set(true);
                threads.forEach(Soak::join);
                ledger.settle("while the engine ran", Engines.PATIENCE);
                if (server.accepted() < 1) {
                    ledger.fault("nobody has connected");
                }
                Engines.until("all connections are closed", () -> server.connections() == 0);
            }
            engine.close();
            quiet.set(true);
        }
        parks += engine.shards().stream().mapToLong(shard -> shard.stats().parks.get()).sum();
        threads.forEach(Soak::join);
        loads.forEach(ShardLoad::dropped);
        ledger.settle("though their engine has stopped", Engines.PATIENCE);
        Engines.until("no thread stays: " + Engines.threads(engine.name() + "-"),
                () -> Engines.threads(engine.name() + "-").isEmpty());
        for (Shard shard : engine.shards()) {
            if (shard.stats().connections.get() != 0) {
                throw new AssertionError(shard.stats().connections.get() + " connections are open on shard "
                        + shard.id() + ", which has stopped");
            }
        }
    }

    /** Changes shares until the time has come. */
    private void disturb(Engine engine, SplittableRandom random, long end) {
        List<SchedulingGroup> groups = engine.groups().all();
        while (System.nanoTime() < end && !ledger.hasFaults()) {
            groups.get(random.nextInt(groups.size())).setShares(1 + random.nextInt(1_000));
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static void join(Thread thread) {
        try {
            if (!thread.join(Engines.PATIENCE)) {
                throw new AssertionError(thread.getName() + " goes on, at "
                        + List.of(thread.getStackTrace()));
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public String toString() {
        return transport + ": " + ledger.tickets() + " in and out over " + engines + " engines, " + parks + " sleeps; "
                + ledger;
    }
}
