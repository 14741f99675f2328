package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.solaster.engine.ShardFuture;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class PipeTest extends OnShard {

    @Test
    void aFullPipeHoldsItsWritersBack() {
        onShard(() -> {
            Pipe<String> pipe = new Pipe<>(2);
            assertThat(succeeded(pipe.write("a")) && pipe.tryWrite("b")).isTrue();
            ShardFuture<Void> third = pipe.write("c");
            ShardFuture<Void> fourth = pipe.write("d");
            assertThat(pipe.tryWrite("e")).isFalse();
            assertThat(pipe.read()).isCompletedWithValue("a");
            assertThat(succeeded(third) && pending(fourth)).isTrue();
            assertThat(pipe.tryRead()).isEqualTo("b");
            assertThat(succeeded(fourth)).isTrue();
            assertThat(List.of(pipe.tryRead(), pipe.tryRead())).containsExactly("c", "d");
            assertThat(pipe.tryRead()).isNull();
            assertThat(pipe.size()).isZero();
        });
    }

    @Test
    void readersOfAnEmptyPipeAreServedInOrder() {
        onShard(() -> {
            Pipe<String> pipe = new Pipe<>(1);
            ShardFuture<String> first = pipe.read();
            ShardFuture<String> second = pipe.read();
            pipe.write("a");
            assertThat(first).isCompletedWithValue("a");
            assertThat(pending(second)).isTrue();
            assertThat(pipe.readsWaiting()).isEqualTo(1);
            pipe.write("b");
            assertThat(second).isCompletedWithValue("b");
            assertThat(pipe.size()).isZero();
        });
    }

    @Test
    void closedByItsWriterItGivesAllThatWasWrittenAndThenTheEnd() {
        onShard(() -> {
            Pipe<String> pipe = new Pipe<>(1);
            pipe.write("a");
            ShardFuture<Void> waiting = pipe.write("b");
            pipe.closeWriter();
            assertThat(pipe.isEnded()).isFalse();
            assertThat(failure(pipe.write("c"))).isInstanceOf(PipeClosedException.class)
                    .hasMessage("the pipe was closed by its writer");
            assertThat(pipe.read()).isCompletedWithValue("a");
            assertThat(succeeded(waiting)).isTrue();
            assertThat(pipe.read()).isCompletedWithValue("b");
            assertThat(pipe.isEnded()).isTrue();
            assertThat(pipe.read()).isCompletedWithValue(null);
            assertThatIllegalStateException().isThrownBy(pipe::closeWriter)
                    .withMessage("the writer has closed the pipe already; close each end once");
        });
    }

    @Test
    void closingTheWriterEndsTheReadsThatWait() {
        onShard(() -> {
            Pipe<String> pipe = new Pipe<>(1);
            List<ShardFuture<String>> reads = List.of(pipe.read(), pipe.read());
            pipe.closeWriter();
            assertThat(reads).allSatisfy(read -> assertThat(read).isCompletedWithValue(null));
        });
    }

    @Test
    void aWriterMayCloseWithAFailure() {
        onShard(() -> {
            Pipe<String> empty = new Pipe<>(1);
            ShardFuture<String> waiting = empty.read();
            empty.closeWriter(CAUSE);
            assertThat(failure(waiting)).isSameAs(CAUSE);
            Pipe<String> pipe = new Pipe<>(1);
            pipe.write("a");
            pipe.closeWriter(CAUSE);
            assertThat(pipe.read()).isCompletedWithValue("a");
            assertThat(failure(pipe.read())).isSameAs(CAUSE);
        });
    }

    @Test
    void closedByItsReaderItDiscardsWhatItHasAndFailsWrites() {
        onShard(() -> {
            Pipe<String> pipe = new Pipe<>(2);
            pipe.write("a");
            pipe.write("b");
            ShardFuture<Void> waiting = pipe.write("c");
            List<String> discarded = new ArrayList<>();
            pipe.closeReader(discarded::add);
            assertThat(discarded).containsExactly("a", "b");
            assertThat(failure(waiting)).isInstanceOf(PipeClosedException.class)
                    .hasMessage("the pipe was closed by its reader");
            assertThat(failure(pipe.write("d"))).isInstanceOf(PipeClosedException.class);
            assertThat(failure(pipe.read())).isInstanceOf(PipeClosedException.class);
            assertThatExceptionOfType(PipeClosedException.class).isThrownBy(() -> pipe.tryWrite("e"));
            assertThatIllegalStateException().isThrownBy(pipe::closeReader)
                    .withMessage("the reader has closed the pipe already; close each end once");
            pipe.closeWriter();
        });
    }

    @Test
    void whoGivesUpLosesNoItemAndLeavesNone() {
        Pipe<String> pipe = onShard(() -> new Pipe<>(1));
        ShardFuture<String> read = onShard(() -> pipe.read(SHORT));
        assertTimesOut(read);
        onShard(() -> {
            pipe.read().cancel(false);
            pipe.write("a");
            assertThat(pipe.size()).isEqualTo(1);
        });
        ShardFuture<Void> write = onShard(() -> pipe.write("late", SHORT));
        assertTimesOut(write);
        onShard(() -> {
            AbortSource abort = new AbortSource();
            ShardFuture<Void> aborted = pipe.write("aborted", Patience.until(abort));
            ShardFuture<Void> last = pipe.write("b");
            abort.abort(CAUSE);
            assertThat(failure(aborted)).isSameAs(CAUSE);
            assertThat(pipe.tryRead()).isEqualTo("a");
            assertThat(succeeded(last)).isTrue();
            assertThat(pipe.tryRead()).isEqualTo("b");
        });
    }

    @Test
    void aCallbackMayUseThePipeAgain() {
        onShard(() -> {
            Pipe<Integer> pipe = new Pipe<>(1);
            List<Integer> read = new ArrayList<>();
            for (int i = 0; i < 50_000; i++) {
                int item = i;
                pipe.write(i).thenRun(() -> {
                    if (item > 0) {
                        read.add(pipe.tryRead());
                    }
                });
            }
            read.add(pipe.tryRead());
            assertThat(pipe.writesWaiting()).isZero();
            assertThat(pipe.size()).isZero();
            assertThat(read).hasSize(50_000).doesNotHaveDuplicates().doesNotContainNull();
        });
    }

    @Test
    void badUseFailsClearly() {
        onShard(() -> {
            assertThatIllegalArgumentException().isThrownBy(() -> new Pipe<>(0))
                    .withMessage("capacity 0 of a pipe; give it 1 or more");
            assertThatNullPointerException().isThrownBy(() -> new Pipe<String>(1).write(null))
                    .withMessage("null ends a pipe and is no item of one; close it instead");
        });
        Pipe<String> pipe = onShard(() -> new Pipe<>(1));
        assertBelongsToItsShard("a pipe", pipe::read, () -> pipe.write("a"), pipe::closeReader, pipe::closeWriter,
                pipe::size, pipe::isEnded);
    }

    /** Random calls against a model that is too simple to be wrong. */
    @RepeatedTest(20)
    void doesWhatANaiveModelDoes(RepetitionInfo repetition) {
        onShard(() -> {
            Random random = new Random(repetition.getCurrentRepetition());
            int capacity = 1 + random.nextInt(5);
            Pipe<Integer> pipe = new Pipe<>(capacity);
            // What was written and not read, of which the first of the capacity are in the pipe; or reads that wait.
            List<Write> written = new ArrayList<>();
            List<Read> reads = new ArrayList<>();
            List<Runnable> expectations = new ArrayList<>();
            for (int step = 0; step < 1_000; step++) {
                int item = step;
                AbortSource abort = new AbortSource();
                int dice = random.nextInt(10);
                if (dice < 4) {
                    Write write = new Write(item, abort, pipe.write(item, Patience.until(abort)));
                    if (reads.isEmpty()) {
                        written.add(write);
                    } else {
                        ShardFuture<Integer> read = reads.removeFirst().future;
                        expectations.add(() -> assertThat(read).isCompletedWithValue(item));
                    }
                } else if (dice < 8) {
                    Read read = new Read(abort, pipe.read(Patience.until(abort)));
                    if (written.isEmpty()) {
                        reads.add(read);
                    } else {
                        int expected = written.removeFirst().item;
                        assertThat(read.future).isCompletedWithValue(expected);
                    }
                } else if (dice == 8 && written.size() > capacity) {
                    written.remove(capacity + random.nextInt(written.size() - capacity)).abort.abort();
                } else if (!reads.isEmpty()) {
                    reads.remove(random.nextInt(reads.size())).abort.abort();
                }
                expectations.forEach(Runnable::run);
                expectations.clear();
                for (int i = 0; i < written.size(); i++) {
                    assertThat(pending(written.get(i).future)).isEqualTo(i >= capacity);
                }
                assertThat(reads).allMatch(read -> pending(read.future));
                assertThat(pipe.size()).isEqualTo(Math.min(capacity, written.size()));
                assertThat(pipe.writesWaiting()).isEqualTo(Math.max(0, written.size() - capacity));
                assertThat(pipe.readsWaiting()).isEqualTo(reads.size());
            }
            pipe.closeWriter();
            reads.forEach(read -> assertThat(read.future).isCompletedWithValue(null));
            written.forEach(write -> assertThat(pipe.tryRead()).isEqualTo(write.item));
            assertThat(pipe.isEnded()).isTrue();
        });
    }

    private record Write(int item, AbortSource abort, ShardFuture<Void> future) {}

    private record Read(AbortSource abort, ShardFuture<Integer> future) {}
}
