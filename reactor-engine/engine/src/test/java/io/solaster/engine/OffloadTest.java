package io.solaster.engine;

import static io.solaster.engine.Offload.Purpose.CALLS;
import static io.solaster.engine.Offload.Purpose.FILES;
import static io.solaster.engine.Offload.Purpose.HANDSHAKES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.config.EngineConfig;
import io.solaster.config.OffloadConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, unit = TimeUnit.SECONDS)
class OffloadTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engines.start(EngineConfig.defaults().withOffload(OffloadConfig.of(1, 1)), 2);
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
        OffloadThreads threads = new OffloadThreads("cancelled-", "tests", 1, 8);
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
