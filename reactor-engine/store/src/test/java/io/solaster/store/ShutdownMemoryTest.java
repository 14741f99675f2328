package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.memory.MemoryAccount;
import io.solaster.engine.memory.ShardBudget;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.script.NeedsLua;
import io.solaster.store.shard.ByteStrings;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.ProcessLeftovers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** An engine is closed at any moment of scripts, transactions and long commands over its shards: it leaves no memory behind. */
@NeedsLua
class ShutdownMemoryTest {
    private static final int SHARDS = 3;
    private static final int CLIENTS = 8;
    private static final int BATCH = 40;
    private static final int KEYS = 24;
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.solaster");

    @BeforeAll
    static void silence() {
        LOGGER.setLevel(Level.OFF);
    }

    @AfterAll
    static void speak() {
        LOGGER.setLevel(null);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void closesWithoutHoldingMemory(long seed) throws InterruptedException {
        closes(seed, StoreConfig.defaults());
    }

    /** What waits for the disk is under way, too. */
    @ParameterizedTest
    @ValueSource(longs = {10, 11})
    void closesWithoutHoldingMemoryWhereAllIsKept(long seed, @TempDir Path directory) throws InterruptedException {
        KeptStore.assumeLocks(directory);
        closes(seed, StoreConfig.defaults().withPersistence(KeptStore.small(directory).withFsync(Fsync.ALWAYS)));
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(longs = {5, 100, 200, 300})
    void closesWithoutHoldingMemoryWithMoreSeeds(long first) throws InterruptedException {
        for (int i = 0; i < Integer.getInteger("solaster.test.seeds", 10); i++) {
            closes(first + i, StoreConfig.defaults());
        }
    }

    private static void closes(long seed, StoreConfig config) throws InterruptedException {
        Random random = new Random(seed);
        long heldBefore = ByteStrings.held();
        try (ProcessLeftovers leftovers = ProcessLeftovers.begin()) {
            Engine engine = Engine.start(EngineConfig.defaults().withShards(SHARDS).withPinning(Pinning.NEVER)
                    .withShutdownTimeout(Duration.ofMillis(random.nextInt(20))));
            Store store = Store.on(engine, config);
            List<ShardBudget> budgets = engine.submitToAll(shard -> shard.memory().budget()).join();
            TcpServer server = TcpServer.bind(engine, "test", StoreFixture.config(),
                    new RespProtocol(store, StoreFixture.config()));
            List<Thread> clients = new ArrayList<>();
            CountDownLatch answered = new CountDownLatch(CLIENTS);
            for (int i = 0; i < CLIENTS; i++) {
                Random its = new Random(random.nextLong());
                int port = server.port();
                clients.add(Thread.ofPlatform().start(() -> ask(port, its, answered)));
            }
            answered.await();
            Thread.sleep(random.nextInt(60));
            engine.close();
            for (Thread client : clients) {
                client.join();
            }
            assertThat(held(budgets)).as("seed %d", seed).isEmpty();
            assertThat(ByteStrings.held() - heldBefore).as("seed %d", seed).isZero();
            assertThat(leftovers.remnants(EnumSet.complementOf(EnumSet.of(Left.BUFFERS)), Duration.ofSeconds(20)))
                    .as("seed %d", seed).isEmpty();
        }
    }

    /** What accounts say that their owners give back as they close. */
    private static Map<String, Long> held(List<ShardBudget> budgets) {
        Map<String, Long> held = new TreeMap<>();
        for (int shard = 0; shard < SHARDS; shard++) {
            for (String name : List.of("store", "scripts")) {
                MemoryAccount account = budgets.get(shard).accounts().get(name);
                if (account != null && account.used() != 0) {
                    held.put(name + " of shard " + shard, account.used());
                }
            }
        }
        return held;
    }

    /** Sends whatever takes long or goes over shards, until the server is gone. */
    private static void ask(int port, Random random, CountDownLatch answered) {
        try (RespClient client = new RespClient(port)) {
            client.call("PING");
            while (true) {
                for (int i = 0; i < BATCH; i++) {
                    send(client, random);
                }
                answered.countDown();
                client.call("PING");
                while (!client.reply().equals("+PONG")) {
                    // The replies before it.
                }
            }
        } catch (UncheckedIOException | AssertionError end) {
            answered.countDown();
        }
    }

    private static String key(Random random) {
        return "k" + random.nextInt(KEYS);
    }

    private static void send(RespClient client, Random random) {
        String a = key(random);
        String b = key(random);
        String c = key(random);
        String loop = "for i = 1, " + (1 << random.nextInt(24)) + " do end ";
        switch (random.nextInt(12)) {
            case 0 -> client.send("EVAL", loop + "redis.call('SET', KEYS[1], ARGV[1]) return KEYS[1]", "1", "s" + a,
                    "x".repeat(random.nextInt(3000)));
            case 1 -> client.send("EVAL",
                    "for i = 1, 100 do for j = 1, #KEYS do redis.call('SET', KEYS[j], string.rep('v', i * 7)) end end "
                            + loop + "return redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])",
                    "3", "s" + a, "s" + b, "s" + c);
            case 2 -> client.send("EVAL", "redis.call('INCR', 'n" + a + "') " + loop
                    + "return redis.call('MGET', 'n" + b + "', 'n" + c + "')", "0");
            case 3 -> {
                client.send("MULTI");
                client.send("SET", "s" + a, "1");
                client.send("EVAL", loop + "return redis.call('GET', KEYS[1])", "1", "s" + b);
                client.send("LREM", "l" + c, "0", "none");
                client.send("EVAL", "return redis.call('MGET', KEYS[1], KEYS[2])", "2", "s" + b, "s" + c);
                client.send("EXEC");
            }
            case 4 -> {
                String[] push = new String[600];
                push[0] = "RPUSH";
                push[1] = "l" + a;
                for (int i = 2; i < push.length; i++) {
                    push[i] = "element" + i;
                }
                client.send(push);
            }
            case 5 -> client.send("LREM", "l" + a, "0", "none");
            case 6 -> client.send("MSET", "s" + a, "x".repeat(random.nextInt(90_000)), "s" + b, "y", "s" + c, "z");
            case 7 -> client.send("BLPOP", "b" + a, "b" + b, "b" + c, random.nextBoolean() ? "0" : "0.001");
            case 8 -> client.send("RPUSH", "b" + a, "element");
            case 9 -> client.send("COPY", "l" + a, "l" + b, "REPLACE");
            case 10 -> {
                client.send("MULTI");
                client.send("MSET", "s" + a, "1", "s" + b, "2", "s" + c, "3");
                client.send("LINDEX", "l" + c, "100");
                client.send("MGET", "s" + a, "s" + b, "s" + c);
                if (random.nextBoolean()) {
                    client.send("EXEC");
                } else {
                    client.send("DISCARD");
                }
            }
            default -> client.send("GET", "s" + a);
        }
    }
}
