package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.EngineConfig;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Clients that move amounts between counters of several shards, on a machine that dies: the sum is the same afterwards, in
 * orders that a seed draws, while snapshots are written, and whichever number of shards reads the logs. Nobody looks for
 * leaks: what died in the middle of something releases nothing.
 */
@Tag("unwatched")
final class PersistentTransactionCrashTest {
    private static final int PORT = 6379;
    private static final int CLIENTS = 3;
    private static final int ACCOUNTS = 6;
    private static final int LIVES = 4;
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.solaster");

    @BeforeAll
    static void silence() {
        LOGGER.setLevel(Level.OFF);
    }

    @AfterAll
    static void speak() {
        LOGGER.setLevel(null);
    }

    /** Sends commands that are answered by one line each. */
    private static final class Connection extends ChannelInboundHandlerAdapter {
        private record Asked(int lines, CompletableFuture<String> answer) {}

        private final Shard shard;
        private final Channel channel;
        private final StringBuilder received = new StringBuilder();
        private final ArrayDeque<Asked> asked = new ArrayDeque<>();

        private Connection(Shard shard, Channel channel) {
            this.shard = shard;
            this.channel = channel;
        }

        static CompletableFuture<Connection> open(Machine from, Machine to) {
            Shard shard = from.engine().shard(0);
            return from.connect(0, to.address(PORT), channel -> new Connection(shard, channel));
        }

        CompletableFuture<String> ask(int lines, byte[] commands) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            shard.execute(() -> {
                if (channel.isActive()) {
                    asked.add(new Asked(lines, answer));
                    channel.writeAndFlush(Unpooled.wrappedBuffer(commands));
                } else {
                    answer.completeExceptionally(new IllegalStateException("closed"));
                }
            });
            return answer;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            received.append(bytes.toString(StandardCharsets.US_ASCII));
            bytes.release();
            while (!asked.isEmpty()) {
                int end = 0;
                for (int i = 0; i < asked.getFirst().lines && end >= 0; i++) {
                    int line = received.indexOf("\r\n", end);
                    end = line < 0 ? -1 : line + 2;
                }
                if (end < 0) {
                    return;
                }
                String answer = received.substring(0, end);
                received.delete(0, end);
                asked.remove().answer.complete(answer);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            for (Asked each = asked.poll(); each != null; each = asked.poll()) {
                each.answer.completeExceptionally(new IllegalStateException("closed"));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            context.close();
        }
    }

    private static byte[] commands(String[]... commands) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String[] each : commands) {
            all.writeBytes(RespClient.encode(each));
        }
        return all.toByteArray();
    }

    private static String[] words(String... words) {
        return words;
    }

    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final Machine clients;
        final StorePersistenceConfig config;
        /** Of each client: how many transactions it sent, and how many were answered. */
        final int[] sent = new int[CLIENTS];
        final int[] answered = new int[CLIENTS];
        int version;

        Run(Simulation sim, String fsync) {
            this.sim = sim;
            this.machine = sim.machine("store");
            this.clients = sim.machine("clients");
            clients.start(EngineConfig.defaults().withShards(1));
            this.config = StorePersistenceConfig.in("/data/kv").withFsync(Fsync.valueOf(fsync))
                    .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(0));
        }

        Store open() {
            Store store = Store.on(
                    machine.start(EngineConfig.defaults().withShards(sim.random().nextInt(4) == 0 ? 3 : 2)),
                    StoreConfig.defaults().withPersistence(config));
            ServerConfig server = ServerConfig.of("resp", PORT).withHost("0.0.0.0").withProtectedMode(false);
            TcpServer.bind(machine.engine(), "store", server, new RespProtocol(store, server));
            return store;
        }

        boolean work(int client) {
            RandomGenerator random = sim.random();
            try {
                Connection connection = sim.await(Connection.open(clients, machine));
                while (true) {
                    if (random.nextInt(3) == 0) {
                        sim.await(connection.ask(1, commands(versions())));
                    }
                    sent[client]++;
                    String from = "account" + random.nextInt(ACCOUNTS);
                    String to = "account" + random.nextInt(ACCOUNTS);
                    String amount = Integer.toString(random.nextInt(100));
                    String answer = sim.await(connection.ask(8,
                            commands(words("MULTI"), words("DECRBY", from, amount), words("INCRBY", to, amount),
                                    words("INCR", "done" + client), words("EXEC"))));
                    assertThat(answer).contains("*3");
                    answered[client]++;
                }
            } catch (CompletionException died) {
                return true;
            }
        }

        /** All of them are the same, and some are too long for one record of the log. */
        private String[] versions() {
            String value = ++version + "-" + "x".repeat(sim.random().nextInt(10) == 0 ? 40_000 : 10);
            List<String> mset = new ArrayList<>(List.of("MSET"));
            for (int i = 0; i < ACCOUNTS; i++) {
                mset.addAll(List.of("version" + i, value));
            }
            return mset.toArray(String[]::new);
        }

        boolean snapshots(Store store) {
            try {
                while (true) {
                    sim.sleep(Duration.ofMillis(5 + sim.random().nextInt(30)));
                    sim.await(Objects.requireNonNull(store.parts().persistence()).snapshot());
                }
            } catch (CompletionException died) {
                return true;
            }
        }

        private String get(Store store, String key) {
            byte[] value = sim.await(store.strings().get(key));
            return value == null ? "0" : new String(value, StandardCharsets.US_ASCII);
        }

        void check(Store store) {
            int sum = 0;
            Set<String> versions = new HashSet<>();
            for (int i = 0; i < ACCOUNTS; i++) {
                sum += Integer.parseInt(get(store, "account" + i));
                versions.add(get(store, "version" + i));
            }
            assertThat(sum).as("what was taken was given").isZero();
            assertThat(versions).as("versions").hasSize(1);
            for (int client = 0; client < CLIENTS; client++) {
                int done = Integer.parseInt(get(store, "done" + client));
                assertThat(done).as("transactions of client %d", client).isBetween(answered[client], sent[client]);
                answered[client] = done;
                sent[client] = done;
            }
        }
    }

    private static int lives(long seed, String fsync, boolean crash) {
        int[] answered = new int[1];
        Simulation.run(seed, sim -> {
            Run run = new Run(sim, fsync);
            run.machine.disk().set(DiskFaults.NONE.jittered(Duration.ofMillis(3)));
            for (int life = 0; life < LIVES; life++) {
                Store store = run.open();
                run.check(store);
                for (int i = 0; i < CLIENTS; i++) {
                    int client = i;
                    sim.thread("client" + client + "of" + life, () -> run.work(client));
                }
                if (sim.random().nextBoolean()) {
                    sim.thread("snapshots" + life, () -> run.snapshots(store));
                }
                sim.sleep(Duration.ofMillis(20 + sim.random().nextInt(200)));
                if (crash) {
                    run.machine.crash();
                } else {
                    run.machine.kill();
                }
            }
            run.check(run.open());
            for (int each : run.answered) {
                answered[0] += each;
            }
        });
        return answered[0];
    }

    @Test
    void aTransactionOutlivesThePowerAsAWholeOrNotAtAll() {
        int answered = 0;
        for (long seed = 0; seed < 6; seed++) {
            answered += lives(seed, "always", true);
        }
        assertThat(answered).isPositive();
    }

    @Tag("full")
    @Test
    void aTransactionOutlivesTheProcessAsAWholeOrNotAtAll() {
        int answered = 0;
        for (String fsync : List.of("always", "20ms", "never")) {
            for (long seed = 10; seed < 13; seed++) {
                answered += lives(seed, fsync, false);
            }
        }
        assertThat(answered).isPositive();
    }

    @Tag("full")
    @Test
    void transactionsOutliveEachTime() {
        for (long seed = 100; seed < 200; seed++) {
            lives(seed, seed % 2 == 0 ? "always" : "20ms", seed % 2 == 0);
        }
    }
}
