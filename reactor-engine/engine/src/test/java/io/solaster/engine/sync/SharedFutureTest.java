package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engines;
import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.Test;

class SharedFutureTest extends OnShard {

    @Test
    void servesAllWhoWaitAndWhoComesLater() {
        onShard(() -> {
            SharedFuture<String> shared = new SharedFuture<>();
            List<String> order = new ArrayList<>();
            shared.await().thenAccept(value -> {
                order.add("first " + value);
                shared.await().thenAccept(again -> order.add("within " + again));
            });
            shared.await().thenAccept(value -> order.add("second " + value));
            assertThat(shared.waiting()).isEqualTo(2);
            shared.resolve("x");
            assertThat(order).containsExactly("first x", "within x", "second x");
            assertThat(shared.await()).isCompletedWithValue("x");
            assertThat(shared.isDone()).isTrue();
        });
    }

    @Test
    void whoGivesUpHarmsNeitherTheOthersNorTheWork() {
        CompletableFuture<String> work = new CompletableFuture<>();
        record Started(ShardFuture<String> late, ShardFuture<String> patient) {}
        Started started = onShard(() -> {
            SharedFuture<String> shared = SharedFuture.of(work);
            AbortSource abort = new AbortSource();
            ShardFuture<String> aborted = shared.await(Patience.until(abort));
            shared.await().cancel(false);
            abort.abort(CAUSE);
            assertThat(failure(aborted)).isSameAs(CAUSE);
            return new Started(shared.await(SHORT), shared.await(LONG));
        });
        assertTimesOut(started.late);
        assertThat(work).isNotDone();
        work.complete("from another thread");
        assertThat(Engines.get(started.patient)).isEqualTo("from another thread");
    }

    @Test
    void aFailureIsSharedToo() {
        onShard(() -> {
            SharedFuture<String> shared = SharedFuture
                    .of(CompletableFuture.<String>failedFuture(CAUSE).thenApply(x -> x));
            assertThat(failure(shared.await())).isSameAs(CAUSE);
            SharedFuture<String> later = new SharedFuture<>();
            ShardFuture<String> waiting = later.await();
            later.fail(CAUSE);
            assertThat(failure(waiting)).isSameAs(CAUSE);
            assertThatIllegalStateException().isThrownBy(() -> later.resolve("x"))
                    .withMessage("the shared future has a result already; give it one once");
        });
    }

    @Test
    void belongsToItsShard() {
        SharedFuture<String> shared = onShard(() -> new SharedFuture<String>());
        assertBelongsToItsShard("a shared future", shared::await, () -> shared.resolve("x"), () -> shared.fail(CAUSE),
                shared::isDone, shared::waiting);
    }
}
