package io.solaster.engine;

import static io.solaster.engine.Offload.Purpose.CALLS;
import static io.solaster.engine.Offload.Purpose.FILES;
import static io.solaster.engine.Offload.Purpose.HANDSHAKES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.engine.env.Environment;
import io.solaster.engine.task.Abandonable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class OffloadTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engines.start(Changed.with(EngineConfig.defaults(), "offload", OffloadConfig.of(1, 1)), 2);
    }

    @AfterEach
    void stop() {
        release.countDown();
        engine.close();
    }

    /** The only thread is busy. */
    private ShardFuture<String> occupy() {
        ShardFuture<String> running = engine.offload().call(() -> {
            begun.countDown();
            MeshTest.await(release);
            return "done";
        });
        MeshTest.await(begun);
        return running;
    }

    @Test
    void countsWhatRunsWaitsAndIsRefused() {
        ShardFuture<String> running = occupy();
        ShardFuture<Integer> waiting = engine.offload().call(() -> 1);
        assertThat(engine.offload().active(CALLS)).isEqualTo(1);
        assertThat(engine.offload().queued(CALLS)).isEqualTo(1);
        assertThat(engine.offload().rejected(CALLS)).isZero();
        assertThatThrownBy(() -> Engines.get(engine.offload().call(() -> 2)))
                .isInstanceOf(RejectedExecutionException.class);
        assertThat(engine.offload().rejected(CALLS)).isEqualTo(1);
        release.countDown();
        assertThat(Engines.get(running)).isEqualTo("done");
        assertThat(Engines.get(waiting)).isEqualTo(1);
        Engines.until("nothing runs", () -> engine.offload().active(CALLS) == 0);
    }

    @Test
    void whatHasNotBegunWhenItStopsEndsNevertheless() {
        Logger logger = (Logger) LoggerFactory.getLogger(Offload.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        // Other threads log while it is read.
        lines.list = new CopyOnWriteArrayList<>();
        lines.start();
        logger.setAdditive(false);
        logger.addAppender(lines);
        try {
            Offload offload = new Offload("stopping", OffloadConfig.of(1, 8), Environment.SYSTEM);
            offload.execute(() -> {
                begun.countDown();
                try {
                    release.await();
                } catch (InterruptedException stopping) {
                    // As it should be.
                }
            });
            MeshTest.await(begun);
            CompletableFuture<Integer> stage = CompletableFuture.completedFuture(1).thenApplyAsync(one -> one + 1,
                    offload);
            CompletableFuture<String> abandoned = new CompletableFuture<>();
            offload.execute(new Abandonable() {
                @Override
                public void run() {
                    abandoned.complete("run");
                }

                @Override
                public void abandon() {
                    abandoned.complete("abandoned");
                }
            });
            ShardFuture<Integer> call = offload.call(() -> 1);
            offload.execute(new Dropped());
            offload.close(Duration.ZERO);
            assertThat(Engines.get(stage)).isEqualTo(2);
            assertThat(Engines.get(abandoned)).isEqualTo("abandoned");
            assertThatThrownBy(() -> Engines.get(call)).isInstanceOf(RejectedExecutionException.class);
            assertThat(lines.list).singleElement().extracting(ILoggingEvent::getFormattedMessage).asString()
                    .contains("Dropped");
        } finally {
            logger.detachAppender(lines);
            logger.setAdditive(true);
        }
    }

    private static final class Dropped implements Runnable {
        @Override
        public void run() {
            throw new AssertionError("it is too late");
        }
    }

    @Test
    void aCancelledCallGivesUpItsPlace() {
        ShardFuture<String> running = occupy();
        AtomicBoolean ran = new AtomicBoolean();
        ShardFuture<Boolean> waiting = engine.offload().call(() -> ran.getAndSet(true));
        waiting.cancel(true);
        assertThat(engine.offload().queued(CALLS)).isZero();
        ShardFuture<Integer> next = engine.offload().call(() -> 1);
        release.countDown();
        assertThat(Engines.get(next)).isEqualTo(1);
        assertThat(Engines.get(running)).isEqualTo("done");
        assertThat(ran).isFalse();
    }

    @Test
    void eachPurposeHasThreadsAndAQueueOfItsOwn() {
        occupy();
        engine.offload().call(() -> 1);
        assertThatThrownBy(() -> Engines.get(engine.offload().call(() -> 2)))
                .isInstanceOf(RejectedExecutionException.class).hasMessageContaining("those for calls are full");
        assertThat(Engines.get(engine.offload().call(FILES, () -> "read"))).isEqualTo("read");
        CompletableFuture<String> shaken = new CompletableFuture<>();
        engine.offload().handshakes().execute(() -> shaken.complete(Thread.currentThread().getName()));
        assertThat(Engines.get(shaken)).contains("offload-handshakes-");
        assertThat(engine.offload().rejected(FILES) + engine.offload().rejected(HANDSHAKES)).isZero();
    }

    @Test
    void manyCancelledCallsTakeNoMoreMemoryThanTheQueueMay() {
        OffloadThreads threads = new OffloadThreads("cancelled-", "tests", 1, 8, Environment.SYSTEM.threads());
        try {
            threads.execute(() -> {
                begun.countDown();
                MeshTest.await(release);
            });
            MeshTest.await(begun);
            for (int i = 0; i < 10_000; i++) {
                OffloadThreads.Place place = threads.execute(() -> {});
                assertThat(place.giveUp()).isTrue();
                assertThat(place.giveUp()).isFalse();
                assertThat(threads.waiting()).isZero();
                assertThat(threads.places()).isLessThanOrEqualTo(9);
            }
        } finally {
            release.countDown();
            assertThat(threads.shutdownNow()).isEmpty();
        }
    }

    @Test
    void aTimedOutCallGivesUpItsPlaceToo() {
        occupy();
        ShardFuture<Integer> waiting = Engines.get(engine.submitTo(0, () -> engine.offload().call(() -> 1)));
        waiting.orTimeout(1, TimeUnit.MILLISECONDS);
        Engines.until("it is out of the queue", () -> engine.offload().queued(CALLS) == 0);
        assertThat(waiting).isCompletedExceptionally();
    }
}
