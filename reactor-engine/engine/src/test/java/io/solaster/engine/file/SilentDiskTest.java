package io.solaster.engine.file;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A shard ends though a disk never answers. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class SilentDiskTest {
    @TempDir
    private Path directory;
    private final ConcurrentLinkedQueue<Disk.Outcome<?>> unanswered = new ConcurrentLinkedQueue<>();

    /** Opens files, and answers nothing else. */
    private final class Silent implements Disk.Handle {

        @Override
        public void read(ByteBuffer[] into, long position, Disk.Outcome<Integer> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void write(ByteBuffer[] from, long position, Disk.Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void sync(Disk.Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void truncate(long size, Disk.Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void preallocate(long size, Disk.Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void size(Disk.Outcome<Long> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void close(Disk.Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }
    }

    private final class SilentDisk implements Disk {

        @Override
        public void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome) {
            outcome.done(new Silent());
        }

        @Override
        public void lock(Path path, Outcome<Closeable> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void status(Path path, Outcome<FileStatus> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void list(Path path, Outcome<List<String>> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void createDirectories(Path path, Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void rename(Path from, Path to, Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void delete(Path path, Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }

        @Override
        public void syncDirectory(Path path, Outcome<@Nullable Void> outcome) {
            unanswered.add(outcome);
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void failsWhatADiskNeverAnswersAndKeepsItsMemoryUntilItDoes() {
        Environment silent = new ForwardingEnvironment(Environment.SYSTEM) {
            @Override
            public Disk files(OffShard offShard) {
                return new SilentDisk();
            }
        };
        ByteBuf written = Unpooled.directBuffer(8).writeLong(1);
        CompletableFuture<?> write;
        CompletableFuture<?> status;
        CompletableFuture<?> close;
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), silent)) {
            ShardFile file = get(engine.submitStageTo(0, CallOptions.DEFAULTS,
                    () -> engine.shard(0).files().open(directory.resolve("a"), OpenMode.CREATE)));
            write = get(engine.submitTo(0, () -> file.write(written, 0)));
            status = get(engine.submitTo(0, () -> engine.shard(0).files().status(directory)));
            close = get(engine.submitTo(0, file::close));
        }
        for (CompletableFuture<?> each : List.of(write, status)) {
            assertThatThrownBy(() -> get(each)).isInstanceOf(RejectedExecutionException.class)
                    .hasMessageContaining("stopped");
        }
        assertThatThrownBy(() -> get(close)).hasMessageContaining("stopped");
        assertThat(written.refCnt()).isEqualTo(1);
        for (Disk.Outcome<?> each = unanswered.poll(); each != null; each = unanswered.poll()) {
            ((Disk.Outcome<Object>) each).failed(new RejectedExecutionException("late"));
        }
        assertThat(written.refCnt()).isZero();
    }
}
