package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.mesh.RoundTrip;
import io.solaster.engine.task.SchedulingGroup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A shard whose loop dies of an error, here of one that the log throws: what is addressed to it fails by name. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DeadShardTest {

    @Test
    void callsToItFailByNameAndTheOthersGoOn() {
        Engine engine = Engines.start(Transport.NIO, 2);
        try {
            CountDownLatch sent = new CountDownLatch(1);
            List<CompletableFuture<?>> calls = new ArrayList<>();
            calls.add(engine.submitStageTo(1, CallOptions.DEFAULTS, CompletableFuture::new));
            calls.add(engine.submitTo(1, () -> Shard.sleep(Duration.ofHours(1))).thenCompose(sleep -> sleep));
            Engines.get(engine.submitTo(1, () -> true));
            engine.shard(0).execute(() -> {
                for (int i = 0; i < 100; i++) {
                    calls.add(engine.submitTo(1, () -> true));
                }
                sent.countDown();
            });
            DeadShards.kill(engine.shard(1), () -> MeshTest.await(sent));

            CompletableFuture<Throwable> trip = new CompletableFuture<>();
            calls.addAll(Engines.get(engine.submitTo(0, () -> {
                new RoundTrip() {
                    @Override
                    protected void serve() {
                        trip.complete(null);
                    }

                    @Override
                    protected void answered() {
                        trip.complete(null);
                    }

                    @Override
                    protected void failed(Throwable cause) {
                        trip.complete(cause);
                    }
                }.send(engine.shard(0).mesh(), 1);
                return List.of(engine.submitTo(1, () -> true),
                        engine.submitStageTo(1, CallOptions.DEFAULTS, CompletableFuture::new));
            })));
            calls.add(engine.submitTo(1, () -> true));
            for (CompletableFuture<?> call : calls) {
                try {
                    assertThat(call.get(60, TimeUnit.SECONDS)).isEqualTo(true);
                } catch (ExecutionException e) {
                    assertThat(e).hasCauseInstanceOf(ShardStoppedException.class);
                } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
                    throw new AssertionError("call " + calls.indexOf(call) + " of " + calls.size() + " hangs", e);
                }
            }
            assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> calls.getLast().get())
                    .withCauseInstanceOf(ShardStoppedException.class);
            assertThat(Engines.get(trip)).hasMessageContaining("shard 1 has stopped");
            assertThat(engine.shard(1).isShuttingDown()).isTrue();
            assertThat(Engines.get(engine.submitTo(0, () -> engine.shard(0).mesh().isWritable(1)))).isTrue();
            assertThat(Engines.get(engine.submitTo(0, () -> 7))).isEqualTo(7);
        } finally {
            engine.close();
        }
    }

    @Test
    void callsThatWaitForAPermitToItFailToo() {
        Engine engine = Engines.start(Transport.NIO, 2);
        try {
            SchedulingGroup bounded = engine.groups().create("bounded",
                    GroupConfig.defaults().withMeshPermits(1).withQueueTimeout(Duration.ofHours(1)));
            DeadShards.kill(engine.shard(1), () -> {});
            for (int round = 0; round < 2; round++) {
                for (CompletableFuture<?> call : Engines.get(engine.submitTo(0, CallOptions.in(bounded),
                        () -> List.of(engine.submitTo(1, () -> 1), engine.submitTo(1, () -> 2),
                                engine.submitTo(1, () -> 3))))) {
                    assertThatExceptionOfType(ShardStoppedException.class).isThrownBy(() -> Engines.get(call));
                }
            }
        } finally {
            engine.close();
        }
    }

    @Test
    void whatWasQueuedOnItEndsWhereItCameFrom() {
        Engine engine = Engines.start(Transport.NIO, 2);
        try {
            SchedulingGroup slow = engine.groups().create("slow", GroupConfig.defaults().withRateLimit(1));
            AtomicBoolean deadly = new AtomicBoolean();
            Queue<String> ends = new ConcurrentLinkedQueue<>();
            engine.shard(0).execute(() -> {
                for (int i = 0; i < 10; i++) {
                    engine.shard(0).mesh().send(1, slow, new Message() {
                        @Override
                        public void deliver() {
                            ends.add("delivered");
                            if (deadly.get()) {
                                throw new IllegalStateException("on purpose");
                            }
                        }

                        @Override
                        public void abandon() {
                            Shard here = Shard.current();
                            ends.add(here == null ? "abandoned off the shards" : "abandoned on shard " + here.id());
                        }
                    });
                }
            });
            Engines.until("they are queued", () -> engine.shard(1).stats().messagesReceived.get() >= 10);
            DeadShards.kill(engine.shard(1), () -> deadly.set(true));
            Engines.until("all have ended", () -> ends.size() == 10);
            assertThat(ends).contains("abandoned on shard 0").doesNotContain("abandoned off the shards");
        } finally {
            engine.close();
        }
    }

    @Test
    void whatWasHandedToItEnds() {
        Engine engine = Engines.start(Transport.NIO, 2);
        try {
            // More than one turn takes.
            int many = 5_000;
            AtomicIntegerArray ended = new AtomicIntegerArray(many);
            CountDownLatch handedOver = new CountDownLatch(1);
            Runnable handOver = () -> {
                for (int i = 0; i < many; i++) {
                    int number = i;
                    engine.shard(1).executeOrElse(() -> {
                        ended.set(number, 1);
                        throw new IllegalStateException("on purpose");
                    }, () -> ended.set(number, 1));
                }
                handedOver.countDown();
            };
            DeadShards.kill(engine.shard(1), () -> {
                engine.shard(0).execute(handOver);
                MeshTest.await(handedOver);
            });
            Engines.until("all have ended", () -> IntStream.range(0, many).allMatch(i -> ended.get(i) == 1));
        } finally {
            engine.close();
        }
    }

    @Test
    void itsForksEndToo() {
        Engine engine = Engines.start(Transport.NIO, 2);
        try {
            CompletableFuture<Integer> never = new CompletableFuture<>();
            CompletableFuture<Throwable> atHome = new CompletableFuture<>();
            Fork<Integer> fork = engine.shard(1).fork(never::join);
            engine.shard(0).execute(() -> engine.shard(1).fork(never::join).future().whenComplete(
                    (done, failure) -> atHome.complete(Shard.current() == engine.shard(0) ? failure : null)));
            Engines.until("both are parked", () -> engine.shard(1).threads().living() == 2
                    && engine.shard(1).isParked());
            DeadShards.kill(engine.shard(1), () -> {});
            assertThatExceptionOfType(ShardStoppedException.class).isThrownBy(() -> Engines.get(fork.future()));
            assertThat(Engines.get(atHome)).isInstanceOf(ShardStoppedException.class);
            assertThatExceptionOfType(ShardStoppedException.class).isThrownBy(() -> engine.shard(1).fork(() -> 1));
        } finally {
            engine.close();
        }
    }

    @Test
    void aMessageThatCallsItselfRefusableAndIsNoCallHarmsNobody() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            CompletableFuture<Integer> delivered = new CompletableFuture<>();
            engine.submitTo(0, () -> {
                for (int i = 0; i < 50; i++) {
                    int number = i;
                    engine.shard(0).mesh().send(1, new Message() {
                        @Override
                        public void deliver() {
                            Shard.current().execute(() -> {});
                            if (number == 49) {
                                delivered.complete(number);
                            }
                        }

                        @Override
                        protected boolean mayBeRefused() {
                            return true;
                        }
                    });
                }
                return true;
            });
            assertThat(Engines.get(delivered)).isEqualTo(49);
            assertThat(Engines.get(engine.submitTo(1, () -> 1))).isEqualTo(1);
        }
    }

    @Test
    void aLoopCannotBeSuspended() {
        try (Engine engine = Engines.start(Transport.NIO, 1)) {
            CompletableFuture<Boolean> fired = new CompletableFuture<>();
            engine.shard(0).schedule(() -> fired.complete(true), 20, TimeUnit.MILLISECONDS);
            assertThat(engine.shard(0).trySuspend()).isFalse();
            assertThat(engine.shard(0).isSuspended()).isFalse();
            assertThat(Engines.get(fired)).isTrue();
        }
    }
}
