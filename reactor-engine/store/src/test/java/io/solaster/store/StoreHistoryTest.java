package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

import io.solaster.testkit.chaos.Direction;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.chaos.FaultProxy.Effect;
import io.solaster.testkit.chaos.Faults;
import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Models;
import io.solaster.testkit.check.Verdict;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients on several shards see of the same keys, while their connections are reset and slow. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 3})
class StoreHistoryTest {
    private static final int CLIENTS = 5;
    private static final int PIPELINES = 150;
    private static final long SEED = 20_261_122;

    @Parameter
    int shards;

    private final History<Command, @Nullable Object> history = new History<>();

    @Test
    void everyAnswerIsOneThatASingleStoreCouldHaveGiven() throws InterruptedException {
        StoreFixture store = StoreFixture.of(shards);
        store.connectEmpty().close();
        try (FaultProxy proxy = FaultProxy
                .before(new InetSocketAddress(InetAddress.getLoopbackAddress(), store.port()), SEED)) {
            proxy.set(Direction.TO_CLIENT, Faults.NONE.jittered(Duration.ofMillis(1)));
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(new Client(proxy, history.record("client " + i), new Random(SEED + i)));
            }
            List<Thread> threads = clients.stream().map(each -> Thread.ofVirtual().start(each)).toList();
            for (Thread thread : threads) {
                assertThat(thread.join(Duration.ofMinutes(2))).isTrue();
            }
            assertThat(clients).allMatch(each -> each.isDone);
            assertThat(proxy.count(Effect.RESETS)).isPositive();
            assertThat(proxy.count(Effect.DELAYED_BYTES)).isPositive();
        }
        Verdict<Command, @Nullable Object> verdict = Linearizability.of(Models.strings()).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
        assertThat(history.operations()).hasSizeGreaterThan(CLIENTS * PIPELINES)
                .anyMatch(call -> !call.outcome().isKnown());
    }

    /** Sends pipelines, and connects anew where its connection broke. */
    static final class Client implements Runnable {
        private final FaultProxy proxy;
        private final Recorder<Command, @Nullable Object> recorder;
        private final Random random;
        private volatile boolean isDone;

        Client(FaultProxy proxy, Recorder<Command, @Nullable Object> recorder, Random random) {
            this.proxy = proxy;
            this.recorder = recorder;
            this.random = random;
        }

        @Override
        public void run() {
            int left = PIPELINES;
            while (left > 0) {
                try (RespClient client = new RespClient(proxy.address().getPort())) {
                    for (; left > 0; left--) {
                        pipeline(client);
                    }
                } catch (UncheckedIOException e) {
                    // It was reset.
                    left--;
                }
            }
            isDone = true;
        }

        private void pipeline(RespClient client) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            List<Integer> calls = new ArrayList<>();
            for (int left = 1 + random.nextInt(4); left > 0; left--) {
                Command command = draw(random);
                calls.add(recorder.call(command));
                bytes.writeBytes(encode(command));
            }
            int answered = 0;
            try {
                client.send(bytes.toByteArray());
                if (random.nextInt(60) == 0) {
                    proxy.reset();
                }
                for (; answered < calls.size(); answered++) {
                    recorder.answer(calls.get(answered), answer(client.reply()));
                }
            } finally {
                calls.subList(answered, calls.size()).forEach(recorder::giveUp);
            }
        }

        static byte[] encode(Command command) {
            List<String> words = new ArrayList<>(List.of(command.name(), command.key()));
            words.addAll(command.arguments());
            return RespClient.encode(words.toArray(String[]::new));
        }

        static Command draw(RandomGenerator random) {
            String key = "key" + random.nextInt(40);
            String value = Integer.toString(random.nextInt(100));
            return switch (random.nextInt(9)) {
                case 0 -> Command.of("SET", key, value);
                case 1 -> Command.of("SET", key, value, "NX", "GET");
                case 2 -> Command.of("APPEND", key, value);
                case 3 -> Command.of("INCRBY", key, value);
                case 4 -> Command.of("DEL", key);
                case 5 -> Command.of("GETDEL", key);
                case 6 -> Command.of("STRLEN", key);
                case 7 -> Command.of("INCR", key);
                default -> Command.of("GET", key);
            };
        }

        static @Nullable Object answer(String reply) {
            return switch (reply.charAt(0)) {
                case '-' -> Command.FAILED;
                case ':' -> Long.parseLong(reply.substring(1));
                case '+' -> reply.substring(1);
                default -> reply.equals("$-1") ? null : reply.substring(reply.indexOf('|') + 1);
            };
        }
    }
}
