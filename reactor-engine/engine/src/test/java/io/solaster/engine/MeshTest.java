package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.MeshConfig;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.mesh.TestMessage;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Shards that talk to each other, with nothing but messages to wake them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class MeshTest {

    /** A shard sleeps until it is woken, however long: one lost wake-up, and this never ends. */
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noWordIsLostBetweenTwoShardsThatLingerOrSleep(Transport transport) {
        int rounds = 20_000;
        try (Engine engine = Engines.start(transport, 2)) {
            CompletableFuture<Integer> done = new CompletableFuture<>();
            final class Ball extends Message {
                int bounces;

                @Override
                public void deliver() {
                    if (++bounces == 2 * rounds) {
                        done.complete(bounces);
                    } else {
                        Shard here = Shard.current();
                        here.mesh().send(1 - here.id(), this);
                    }
                }
            }
            engine.shard(0).execute(() -> engine.shard(0).mesh().send(1, new Ball()));

            assertThat(Engines.get(done)).isEqualTo(2 * rounds);
            assertThat(engine.shard(0).stats().wakeUps.get()).isLessThanOrEqualTo(rounds);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noWakeUpFromOutsideIsLost(Transport transport) {
        try (Engine engine = Engines.start(transport, 1)) {
            for (int i = 0; i < 5_000; i++) {
                int number = i;
                assertThat(Engines.get(engine.submitTo(0, () -> number))).isEqualTo(number);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void fourShardsWithTinyLanesExchangeEverythingInOrder(Transport transport) {
        int shards = 4;
        int requests = 10_000;
        EngineConfig config = Changed.with(EngineConfig.defaults().withTransport(transport), "mesh",
                new MeshConfig(2, 4));
        try (Engine engine = Engines.start(config, shards)) {
            Traffic[] traffic = IntStream.range(0, shards).mapToObj(i -> new Traffic(engine, i, requests))
                    .toArray(Traffic[]::new);
            for (Traffic each : traffic) {
                each.peers = traffic;
            }
            for (Traffic each : traffic) {
                each.shard.execute(each::go);
            }
            int received = 0;
            for (Traffic each : traffic) {
                assertThat(Engines.get(each.done)).isZero();
            }
            for (Traffic each : traffic) {
                assertThat(each.answers).isEqualTo(requests);
                assertThat(each.peak).as("unbounded").isLessThanOrEqualTo(4);
                received += each.served;
            }
            assertThat(received).isEqualTo(shards * requests);
            // Counters are written at the end of a turn.
            Engines.until("as many received as sent", () -> sum(engine, true) == sum(engine, false));
            assertThat(sum(engine, true)).isEqualTo(2L * shards * requests);
        }
    }

    private static long sum(Engine engine, boolean sent) {
        return engine.shards().stream()
                .mapToLong(shard -> sent ? shard.stats().messagesSent.get() : shard.stats().messagesReceived.get())
                .sum();
    }

    /** One shard's part: sends while lanes have room, waits where they have none, answers whatever comes. */
    private static final class Traffic {
        final Engine engine;
        final Shard shard;
        final int requests;
        final Random random;
        final int[] nextTo;
        final int[] nextFrom;
        final CompletableFuture<Integer> done = new CompletableFuture<>();
        Traffic[] peers;
        int sent;
        int served;
        int answers;
        int wrong;
        int peak;

        Traffic(Engine engine, int id, int requests) {
            this.engine = engine;
            this.shard = engine.shard(id);
            this.requests = requests;
            this.random = new Random(id);
            this.nextTo = new int[engine.shards().size()];
            this.nextFrom = new int[engine.shards().size()];
        }

        void go() {
            for (int burst = 1 + random.nextInt(20); sent < requests && burst > 0; burst--) {
                int target = random.nextInt(peers.length);
                if (!shard.mesh().isWritable(target)) {
                    shard.mesh().whenWritable(target, this::go);
                    return;
                }
                sent++;
                shard.mesh().send(target, new Request(this, peers[target], nextTo[target]++));
                peak = Math.max(peak, shard.mesh().queued(target));
            }
            if (sent < requests) {
                shard.execute(this::go);
            }
        }

        void answered() {
            if (++answers == requests) {
                done.complete(wrong);
            }
        }
    }

    private static final class Request extends Message {
        final Traffic from;
        final Traffic to;
        final int number;
        boolean served;

        Request(Traffic from, Traffic to, int number) {
            this.from = from;
            this.to = to;
            this.number = number;
        }

        @Override
        public void deliver() {
            if (served) {
                if (Shard.current() != from.shard) {
                    from.wrong++;
                }
                from.answered();
                return;
            }
            served = true;
            to.served++;
            if (Shard.current() != to.shard || to.nextFrom[from.shard.id()]++ != number) {
                to.wrong++;
            }
            to.shard.mesh().send(from.shard.id(), this);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void aShardThatSleepsOverAFullLaneIsWokenOnceItDrains(Transport transport) throws Exception {
        int messages = 1_000;
        EngineConfig config = Changed.with(EngineConfig.defaults().withTransport(transport), "mesh",
                new MeshConfig(2, 4));
        try (Engine engine = Engines.start(config, 2)) {
            Shard producer = engine.shard(0);
            CountDownLatch release = new CountDownLatch(1);
            holdUp(engine.shard(1), release);
            CountDownLatch received = new CountDownLatch(messages);
            CompletableFuture<Boolean> writableAgain = new CompletableFuture<>();
            Engines.get(engine.submitTo(0, () -> {
                for (int i = 0; i < messages; i++) {
                    producer.mesh().send(1, new TestMessage(received::countDown));
                }
                assertThat(producer.mesh().isWritable(1)).isFalse();
                producer.mesh().whenWritable(1, () -> {
                    throw new IllegalStateException("on purpose: a waiter that throws");
                });
                producer.mesh().whenWritable(1, () -> writableAgain.complete(producer.mesh().isWritable(1)));
                return true;
            }));
            assertThat(producer.stats().laneSaturations.get()).isEqualTo(2);
            Engines.until("the producer sleeps", producer::isParked);

            release.countDown();
            assertThat(received.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(Engines.get(writableAgain)).isTrue();
        }
    }

    /** Keeps a shard from doing anything until it is released; it does nothing any more when this returns. */
    static void holdUp(Shard shard, CountDownLatch release) {
        CountDownLatch held = new CountDownLatch(1);
        shard.execute(() -> {
            held.countDown();
            await(release);
        });
        await(held);
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
