package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engines;
import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RwLockTest extends OnShard {

    @Test
    void aWriterIsNotStarvedByReadersThatComeAfterIt() {
        onShard(() -> {
            RwLock lock = new RwLock();
            assertThat(succeeded(lock.acquireRead()) && lock.tryAcquireRead()).isTrue();
            ShardFuture<Void> writer = lock.acquireWrite();
            ShardFuture<Void> reader = lock.acquireRead();
            assertThat(lock.tryAcquireRead() || lock.tryAcquireWrite()).isFalse();
            lock.releaseRead();
            assertThat(pending(writer)).isTrue();
            lock.releaseRead();
            assertThat(succeeded(writer) && pending(reader)).isTrue();
            assertThat(lock.isWriteLocked()).isTrue();
            lock.releaseWrite();
            assertThat(succeeded(reader)).isTrue();
            assertThat(lock.readers()).isEqualTo(1);
        });
    }

    @Test
    void aWriterThatGivesUpLetsTheReadersBehindItIn() {
        record Started(RwLock lock, ShardFuture<Void> writer, ShardFuture<Void> reader) {}
        Started started = onShard(() -> {
            RwLock lock = new RwLock();
            lock.acquireRead();
            return new Started(lock, lock.acquireWrite(SHORT), lock.acquireRead(LONG));
        });
        assertTimesOut(started.writer);
        Engines.get(started.reader);
        assertThat(onShard(started.lock::readers)).isEqualTo(2);
    }

    @Test
    void helpersHoldTheLockWhileWorkGoesOn() {
        onShard(() -> {
            RwLock lock = new RwLock();
            CompletableFuture<Integer> work = new CompletableFuture<>();
            ShardFuture<Integer> write = lock.withWrite(() -> work);
            ShardFuture<Integer> read = lock.withRead(() -> CompletableFuture.completedFuture(lock.readers()));
            assertThat(failure(lock.withRead(Patience.of(java.time.Duration.ZERO), () -> work)))
                    .isInstanceOf(java.util.concurrent.TimeoutException.class);
            work.complete(7);
            assertThat(write).isCompletedWithValue(7);
            assertThat(read).isCompletedWithValue(1);
            try (Hold held = lock.holdWrite().join()) {
                assertThat(held).isNotNull();
                assertThat(lock.isWriteLocked()).isTrue();
            }
            try (Hold held = lock.holdRead().join()) {
                assertThat(held).isNotNull();
                assertThat(lock.readers()).isEqualTo(1);
            }
            assertThat(lock.tryAcquireWrite()).isTrue();
        });
    }

    @Test
    void badUseFailsClearly() {
        RwLock lock = onShard(RwLock::new);
        onShard(() -> {
            assertThatIllegalStateException().isThrownBy(lock::releaseRead)
                    .withMessage("read lock released that nobody holds; release once for each acquire");
            lock.acquireWrite();
            assertThatIllegalStateException().isThrownBy(lock::releaseRead).withMessage(
                    "read lock released that nobody holds; it is held for writing: call releaseWrite");
            lock.releaseWrite();
            lock.acquireRead();
            assertThatIllegalStateException().isThrownBy(lock::releaseWrite).withMessage(
                    "write lock released that nobody holds; 1 hold it for reading: call releaseRead");
        });
        assertBelongsToItsShard("a read-write lock", lock::acquireRead, lock::acquireWrite, lock::releaseRead,
                lock::releaseWrite, lock::readers, lock::waiting);
    }

    /** Random calls against a model that is too simple to be wrong. */
    @RepeatedTest(20)
    void doesWhatANaiveModelDoes(RepetitionInfo repetition) {
        onShard(() -> {
            Random random = new Random(repetition.getCurrentRepetition());
            RwLock lock = new RwLock();
            List<Call> held = new ArrayList<>();
            List<Call> waiting = new ArrayList<>();
            for (int step = 0; step < 2_000; step++) {
                int dice = random.nextInt(10);
                if (dice < 5) {
                    AbortSource abort = new AbortSource();
                    boolean writes = random.nextInt(3) == 0;
                    Patience patience = Patience.until(abort);
                    waiting.add(
                            new Call(writes, abort, writes ? lock.acquireWrite(patience) : lock.acquireRead(patience)));
                } else if (dice < 9 && !held.isEmpty()) {
                    if (held.remove(random.nextInt(held.size())).writes) {
                        lock.releaseWrite();
                    } else {
                        lock.releaseRead();
                    }
                } else if (!waiting.isEmpty()) {
                    waiting.remove(random.nextInt(waiting.size())).abort.abort();
                }
                while (!waiting.isEmpty()
                        && (held.isEmpty() || !held.getFirst().writes && !waiting.getFirst().writes)) {
                    held.add(waiting.removeFirst());
                }
                assertThat(held).allMatch(call -> succeeded(call.future));
                assertThat(waiting).allMatch(call -> pending(call.future));
                assertThat(lock.waiting()).isEqualTo(waiting.size());
                boolean writes = !held.isEmpty() && held.getFirst().writes;
                assertThat(lock.isWriteLocked()).isEqualTo(writes);
                assertThat(lock.readers()).isEqualTo(writes ? 0 : held.size());
            }
        });
    }

    private record Call(boolean writes, AbortSource abort, ShardFuture<Void> future) {}
}
