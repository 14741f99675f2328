package io.solaster.engine.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.solaster.engine.stats.ShardStats;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of a file whose operation ends after its shard. */
final class ShardFileTest {
    private boolean shardEnded;
    private final List<Disk.Outcome<?>> asked = new ArrayList<>();
    private int closed;
    private @Nullable Error thrown;

    private final FileHome home = new FileHome() {
        @Override
        public void assertOwner(String what) {
            if (shardEnded) {
                throw new IllegalStateException(what + " belongs to a shard that has ended");
            }
        }

        @Override
        public int group() {
            return 0;
        }

        @Override
        public int shares(int group) {
            return 100;
        }

        @Override
        public void later(long nanos, Runnable task) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public <T extends @Nullable Object> CompletableFuture<T> newFuture() {
            assertOwner("a future");
            return new CompletableFuture<>();
        }

        @Override
        public <T extends @Nullable Object> void resolve(CompletableFuture<T> future, T result) {
            future.complete(result);
        }

        @Override
        public void fail(CompletableFuture<?> future, Throwable failure) {
            future.completeExceptionally(failure);
        }

        @Override
        public void comeHome(Runnable task) {
            task.run();
        }
    };
    private final Disk.Handle handle = new Disk.Handle() {
        @Override
        public void read(ByteBuffer[] into, long position, Disk.Outcome<Integer> outcome) {
            asked.add(outcome);
        }

        @Override
        public void write(ByteBuffer[] from, long position, Disk.Outcome<@Nullable Void> outcome) {
            if (thrown != null) {
                throw thrown;
            }
            asked.add(outcome);
        }

        @Override
        public void sync(Disk.Outcome<@Nullable Void> outcome) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void truncate(long size, Disk.Outcome<@Nullable Void> outcome) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void preallocate(long size, Disk.Outcome<@Nullable Void> outcome) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void size(Disk.Outcome<Long> outcome) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close(Disk.Outcome<@Nullable Void> outcome) {
            closed++;
            outcome.done(null);
        }
    };
    private final ShardFiles files = new ShardFiles(home, new ChannelDisk((work, otherwise) -> work.run()),
            new FileBounds(1, 1 << 20, 10, 1 << 20), new ShardStats().files);
    private final ShardFile file = new ShardFile(files, Path.of("/log"), handle, true);

    @Test
    void isClosedWhereItsLastOperationEndsAfterTheShard() {
        CompletableFuture<Integer> read = file.read(Unpooled.buffer(10), 0);
        CompletableFuture<@Nullable Void> close = file.close();
        assertThat(close).isNotDone();
        shardEnded = true;
        asked.get(0).lost(new RejectedExecutionException("shard 0 has stopped"));
        assertThat(read).isCompletedExceptionally();
        assertThat(close).isCompleted();
        assertThat(closed).isEqualTo(1);
    }

    @Test
    void isClosedByWhoHoldsItAfterTheShard() {
        shardEnded = true;
        file.closeAtHome();
        assertThat(closed).isEqualTo(1);
    }

    @Test
    void givesNoRegionOnceItIsClosed() {
        file.close();
        // Its descriptor's number may be another file's by then.
        assertThatThrownBy(() -> file.region(new EmbeddedChannel(), 0, 1)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("file /log is closed");
    }

    @Test
    @SuppressWarnings("unchecked")
    void failsOfAnErrorAndLeavesThoseBeforeItAlone() {
        CompletableFuture<Integer> first = file.read(Unpooled.buffer(10), 0);
        CompletableFuture<@Nullable Void> second = file.write(Unpooled.buffer(10).writeByte(1), 0);
        thrown = new OutOfMemoryError("of a test");
        // The second one's turn comes when the first one ends.
        ((Disk.Outcome<Integer>) asked.get(0)).done(0);
        assertThat(first).isCompletedWithValue(0);
        assertThat(second).isCompletedExceptionally();
        assertThat(files.underWay()).isZero();
    }
}
