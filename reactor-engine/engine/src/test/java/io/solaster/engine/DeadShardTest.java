package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.mesh.RoundTrip;
import io.solaster.engine.task.GroupScheduler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** A shard whose loop dies of an error, here of one that the log throws: what is addressed to it fails by name. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DeadShardTest {

    private static void kill(Shard shard, Runnable before) {
        List<Logger> loggers = List.of(logger(GroupScheduler.class.getName()), logger("io.netty"),
                logger(Engine.class.getName()));
        AppenderBase<ILoggingEvent> deadly = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                throw new AssertionError("on purpose");
            }
        };
        deadly.start();
        loggers.forEach(logger -> logger.setAdditive(false));
        loggers.getFirst().addAppender(deadly);
        try {
            shard.execute(() -> {
                before.run();
                throw new IllegalStateException("on purpose");
            });
            Engines.until("it is dead", () -> shard.terminationFuture().isDone());
        } finally {
            loggers.getFirst().detachAppender(deadly);
            loggers.forEach(logger -> logger.setAdditive(true));
        }
    }

    private static Logger logger(String name) {
        return (Logger) LoggerFactory.getLogger(name);
    }

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
            kill(engine.shard(1), () -> MeshTest.await(sent));

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
