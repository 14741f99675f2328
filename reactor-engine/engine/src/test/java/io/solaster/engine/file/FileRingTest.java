package io.solaster.engine.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a shard makes of a kernel that does less than it was asked for, or nothing. */
final class FileRingTest {
    private final List<String> submitted = new ArrayList<>();
    private final FileRing ring = new FileRing(new ChannelDisk((work, otherwise) -> work.run()));
    private final RingFile file = new RingFile(ring, new ChannelDisk((work, otherwise) -> work.run()), Path.of("/log"),
            -1, false);
    private boolean gone;
    private @Nullable Error thrown;

    FileRingTest() {
        ring.use(new Ring() {
            @Override
            public long submit(byte opcode, int descriptor, long offset, long address, int length, int flags,
                    int number) {
                if (thrown != null) {
                    throw thrown;
                }
                submitted.add("at " + offset + ", length " + length);
                return gone ? NONE : 1;
            }

            @Override
            public void cancel(long token) {
                // It never answers.
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        });
    }

    /** What was told, and how often. */
    private static class Told<T extends @Nullable Object> implements Disk.Outcome<T> {
        private @Nullable T result;
        private @Nullable Throwable failure;
        private boolean lost;
        private int times;

        @Override
        public void done(T told) {
            result = told;
            times++;
        }

        @Override
        public void failed(Throwable why) {
            failure = why;
            times++;
        }

        @Override
        public void lost(Throwable why) {
            lost = true;
            failed(why);
        }
    }

    private void completes(int number, int result) {
        ring.completed(number, result);
    }

    @Test
    void asksForTheRestOfAShortWrite() {
        Told<@Nullable Void> told = new Told<>();
        ByteBuffer first = ByteBuffer.allocateDirect(10);
        ByteBuffer second = ByteBuffer.allocateDirect(20);
        file.write(new ByteBuffer[]{first, second}, 100, told);
        completes(0, 4);
        assertThat(first.remaining()).isEqualTo(6);
        completes(0, -4);
        completes(0, 16);
        assertThat(second.remaining()).isEqualTo(10);
        assertThat(told.times).isZero();
        completes(0, 10);
        assertThat(told.times).isEqualTo(1);
        assertThat(told.failure).isNull();
        assertThat(submitted).hasSize(4);
        assertThat(submitted.get(0)).startsWith("at 100,");
        assertThat(submitted.get(1)).startsWith("at 104,").isEqualTo(submitted.get(2));
        assertThat(submitted.get(3)).isEqualTo("at 120, length 10");
        assertThat(ring.underWay()).isZero();
    }

    @Test
    void readsUntilTheFileEnds() {
        Told<Integer> told = new Told<>();
        ByteBuffer heap = ByteBuffer.allocate(100);
        file.read(new ByteBuffer[]{heap}, 0, told);
        completes(0, 60);
        completes(0, 0);
        assertThat(told.result).isEqualTo(60);
        assertThat(told.times).isEqualTo(1);
    }

    @Test
    void failsByNameAndNeverTriesForEver() {
        Told<@Nullable Void> failed = new Told<>();
        file.write(new ByteBuffer[]{ByteBuffer.allocateDirect(1)}, 0, failed);
        completes(0, -28);
        assertThat(failed.failure).isInstanceOf(DiskFullException.class).hasMessageContaining("/log");
        Told<@Nullable Void> nothing = new Told<>();
        file.write(new ByteBuffer[]{ByteBuffer.allocateDirect(1)}, 0, nothing);
        completes(0, 0);
        assertThat(nothing.failure).isInstanceOf(IOException.class).hasMessageContaining("took none");
        Told<@Nullable Void> again = new Told<>();
        file.sync(again);
        for (int i = 0; i < 1_000 && again.times == 0; i++) {
            completes(0, -11);
        }
        assertThat(again.failure).isNotNull();
        assertThat(ring.underWay()).isZero();
    }

    @Test
    void leavesTheMemoryToAKernelThatNeverAnswers() {
        Told<Integer> told = new Told<>();
        file.read(new ByteBuffer[]{ByteBuffer.allocateDirect(10)}, 0, told);
        ring.abandon(new RejectedExecutionException("shard 0 has stopped"));
        assertThat(told.lost).isTrue();
        completes(0, 10);
        ring.abandon(new RejectedExecutionException("again"));
        assertThat(told.times).isEqualTo(1);
        Told<Integer> late = new Told<>();
        file.read(new ByteBuffer[]{ByteBuffer.allocateDirect(10)}, 0, late);
        assertThat(late.failure).hasMessage("shard 0 has stopped");
    }

    @Test
    void failsWhereTheRingTakesNothingMore() {
        gone = true;
        Told<@Nullable Void> told = new Told<>();
        file.sync(told);
        assertThat(told.failure).isInstanceOf(RejectedExecutionException.class);
        assertThat(ring.underWay()).isZero();
    }

    @Test
    void failsWhatTheRingThrowsAt() {
        thrown = new OutOfMemoryError("of a test");
        Told<Integer> told = new Told<>();
        file.read(new ByteBuffer[]{ByteBuffer.allocate(10)}, 0, told);
        assertThat(told.failure).isSameAs(thrown);
        assertThat(told.times).isEqualTo(1);
        assertThat(ring.underWay()).isZero();
    }

    @Test
    void freesThePlaceBeforeAnybodyHearsOfTheEnd() {
        List<Integer> underWay = new ArrayList<>();
        file.sync(new Disk.Outcome<>() {
            @Override
            public void done(@Nullable Void result) {
                underWay.add(ring.underWay());
            }

            @Override
            public void failed(Throwable failure) {
                underWay.add(ring.underWay());
            }
        });
        completes(0, 0);
        file.write(new ByteBuffer[]{ByteBuffer.allocate(1)}, 0, new Told<>() {
            @Override
            public void failed(Throwable why) {
                underWay.add(ring.underWay());
            }
        });
        completes(0, -28);
        assertThat(underWay).containsExactly(0, 0);
    }

    @Test
    void tellsAllOfItsEndThoughOneOfThemFails() {
        file.sync(new Told<>() {
            @Override
            public void lost(Throwable why) {
                IllegalStateException failure = new IllegalStateException("of a test");
                failure.setStackTrace(new StackTraceElement[0]);
                throw failure;
            }
        });
        Told<@Nullable Void> told = new Told<>();
        file.sync(told);
        ring.abandon(new RejectedExecutionException("shard 0 has stopped"));
        assertThat(told.lost).isTrue();
    }

    @Test
    void leavesFilesOfAnotherFileSystemToTheThreads(@TempDir Path directory) throws IOException {
        // The same name leads to a file of the machine.
        Path zip = directory.resolve("a.zip");
        Path outside = directory.resolve("a");
        Files.writeString(outside, "outside");
        try (FileSystem archive = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            Path inside = archive.getPath(outside.toString());
            Files.createDirectories(inside.getParent());
            Files.writeString(inside, "in");
            assertThat(Libc.Here.opens(inside)).isFalse();
            Told<Disk.Handle> told = new Told<>();
            ring.open(inside, OpenMode.READ, false, told);
            assertThat(told.times).isEqualTo(1);
            assertThat(told.result).isNotInstanceOf(RingFile.class);
        }
        assertThat(Libc.Here.opens(outside)).isTrue();
    }

    @Test
    void asksForTheRestOfABlock() {
        Told<@Nullable Void> written = new Told<>();
        ByteBuf block = Unpooled.directBuffer(30).writeZero(30);
        assumeTrue(block.hasMemoryAddress());
        file.write(block, 10, 20, 100, written);
        completes(0, 4);
        completes(0, -4);
        completes(0, 16);
        assertThat(written.times).isEqualTo(1);
        assertThat(written.failure).isNull();
        assertThat(submitted).containsExactly("at 100, length 20", "at 104, length 16", "at 104, length 16");
        Told<Integer> read = new Told<>();
        file.read(block, 0, 30, 7, read);
        completes(0, 10);
        completes(0, 0);
        assertThat(read.result).isEqualTo(10);
        Told<@Nullable Void> failed = new Told<>();
        file.write(block, 0, 30, 0, failed);
        completes(0, 10);
        completes(0, -5);
        assertThat(failed.failure).isInstanceOf(IOException.class).hasMessageContaining("Input/output error");
        assertThat(ring.underWay()).isZero();
        block.release();
    }
}
