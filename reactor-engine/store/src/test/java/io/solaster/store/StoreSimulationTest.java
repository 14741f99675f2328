package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.NewSeeds;
import io.solaster.testkit.sim.Simulation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What clients see of the store while networks are cut and machines stand still, in orders that a seed draws. */
class StoreSimulationTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 10);
    private static final Duration TIME = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    /** No fault breaks so many in a row; a server that breaks each of them would have this go on for ever. */
    private static final int MOST_BROKEN = 100;
    private static final int PORT = 6379;
    private static final EngineConfig TWO = EngineConfig.defaults().withShards(2);

    private static void store(Simulation sim) {
        Machine server = sim.machine("server");
        Store store = Store.on(server.start(TWO));
        ServerConfig config = ServerConfig.of("resp", PORT).withHost("0.0.0.0").withProtectedMode(false);
        TcpServer.bind(server.engine(), "store", config, new RespProtocol(store, config));
        History<Command, @Nullable Object> history = new History<>(sim.environment().clock()::nanoTime);
        List<CompletableFuture<Integer>> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Machine machine = sim.machine("client" + i);
            machine.start(TWO.withShards(1));
            Recorder<Command, @Nullable Object> recorder = history.record("client " + i);
            clients.add(sim.thread("client" + i, () -> ask(sim, machine, server.address(PORT), recorder)));
        }
        sim.faults(TIME, sim::usualFaults);
        sim.after(TIME.dividedBy(3), () -> sim.network().reset(sim.machines().getLast(), server));
        for (CompletableFuture<Integer> client : clients) {
            assertThat(sim.await(client)).isPositive();
        }
        Verdict<Command, @Nullable Object> verdict = Linearizability.of(Models.strings()).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    private static int ask(Simulation sim, Machine machine, InetSocketAddress to,
            Recorder<Command, @Nullable Object> recorder) {
        RandomGenerator random = machine.environment().random();
        int answered = 0;
        int broken = 0;
        Connection connection = null;
        while (sim.now().compareTo(TIME) < 0 || answered == 0) {
            try {
                connection = connection != null ? connection : sim.await(Connection.open(machine, to), PATIENCE);
            } catch (CompletionException refused) {
                broken = next(broken, refused);
                continue;
            }
            Command command = StoreHistoryTest.Client.draw(random);
            int call = recorder.call(command);
            try {
                recorder.answer(call, StoreHistoryTest.Client.answer(
                        sim.await(connection.ask(StoreHistoryTest.Client.encode(command)), PATIENCE)));
                answered++;
                broken = 0;
                sim.sleep(Duration.ofNanos(random.nextInt(20_000_000)));
            } catch (CompletionException closed) {
                recorder.giveUp(call);
                connection = null;
                broken = next(broken, closed);
            }
        }
        return answered;
    }

    private static int next(int broken, CompletionException why) {
        if (broken == MOST_BROKEN) {
            throw new AssertionError("more than " + MOST_BROKEN + " connections in a row have broken", why);
        }
        return broken + 1;
    }

    /** One command at a time. */
    private static final class Connection extends ChannelInboundHandlerAdapter {
        private final Shard shard;
        private final Channel channel;
        private final StringBuilder received = new StringBuilder();
        private final ArrayDeque<CompletableFuture<String>> asked = new ArrayDeque<>();

        private Connection(Shard shard, Channel channel) {
            this.shard = shard;
            this.channel = channel;
        }

        static CompletableFuture<Connection> open(Machine machine, InetSocketAddress to) {
            Shard shard = machine.engine().shard(0);
            return machine.connect(0, to, channel -> new Connection(shard, channel));
        }

        CompletableFuture<String> ask(byte[] command) {
            CompletableFuture<String> answer = new CompletableFuture<>();
            shard.execute(() -> {
                if (channel.isActive()) {
                    asked.add(answer);
                    channel.writeAndFlush(Unpooled.wrappedBuffer(command));
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
            int line = received.indexOf("\r\n");
            if (line < 0) {
                return;
            }
            String reply = received.substring(0, line);
            int end = line + 2;
            if (reply.startsWith("$") && !reply.equals("$-1")) {
                int length = Integer.parseInt(reply.substring(1));
                end += length + 2;
                if (received.length() < end) {
                    return;
                }
                reply = "$|" + received.substring(line + 2, end - 2);
            }
            received.delete(0, end);
            asked.remove().complete(reply);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            for (CompletableFuture<String> each = asked.poll(); each != null; each = asked.poll()) {
                each.completeExceptionally(new IllegalStateException("closed"));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
            context.close();
        }
    }

    @Test
    void everyAnswerIsOneThatASingleStoreCouldHaveGivenAndTheSameInEachRun() {
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.Result result = Simulation.run(seed, StoreSimulationTest::store);
            assertThat(Simulation.run(seed, StoreSimulationTest::store)).isEqualTo(result);
        }
    }

    @Tag("full")
    @Test
    void newSeedsHoldToo() {
        assertThat(NewSeeds.explore("store", 0.2, StoreSimulationTest::store).seeds()).isPositive();
    }
}
