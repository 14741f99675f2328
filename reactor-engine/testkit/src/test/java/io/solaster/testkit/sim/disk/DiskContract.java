package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.file.FileStatus;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What files on a shard do, whatever the disk. */
abstract class DiskContract {
    static final long MOST_BYTES = 16 << 20;

    abstract ShardFiles files();

    /** How many operations may be under way. */
    abstract int most();

    /** A directory that is there, and is empty. */
    abstract Path root();

    /** Runs something where the files belong, and waits for what it returns; throws as that has failed. */
    abstract <T extends @Nullable Object> T call(Callable<? extends CompletableFuture<T>> work) throws Exception;

    final Path path(String name) {
        return root().resolve(name);
    }

    final ShardFile open(String name, OpenMode mode) throws Exception {
        return call(() -> files().open(path(name), mode));
    }

    final void write(ShardFile file, long position, String text) throws Exception {
        call(() -> file.write(bytes(text), position));
    }

    static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    final String read(ShardFile file, long position, int length) throws Exception {
        ByteBuf into = Unpooled.directBuffer(length, length);
        try {
            int count = call(() -> file.read(into, position));
            assertThat(into.readableBytes()).isEqualTo(count);
            return into.toString(StandardCharsets.ISO_8859_1);
        } finally {
            into.release();
        }
    }

    final void file(String name, String content) throws Exception {
        ShardFile file = open(name, OpenMode.CREATE_NEW);
        write(file, 0, content);
        call(file::close);
    }

    final String content(String name) throws Exception {
        ShardFile file = open(name, OpenMode.READ);
        String content = read(file, 0, call(file::size).intValue());
        call(file::close);
        return content;
    }

    @Test
    void aFileIsLockedForOneAtATime() throws Exception {
        Closeable lock = call(() -> files().lock(path("lock")));
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> call(() -> files().lock(path("lock"))))
                    .hasStackTraceContaining("could not lock it")
                    .hasStackTraceContaining("this process has locked it already");
        }
        lock.close();
        lock.close();
        call(() -> files().lock(path("lock"))).close();
    }

    @Test
    void readsWhatWasWritten() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        write(file, 0, "0123456789");
        write(file, 3, "abc");
        assertThat(read(file, 0, 10)).isEqualTo("012abc6789");
        assertThat(read(file, 8, 10)).isEqualTo("89");
        assertThat(read(file, 10, 10)).isEmpty();
        assertThat(read(file, 1 << 20, 10)).isEmpty();
        assertThat(call(file::size)).isEqualTo(10);
        assertThat(file.path()).isEqualTo(path("a"));
        call(file::close);
    }

    @Test
    void readsZerosWhereNothingWasWritten() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        write(file, 9_000, "x");
        assertThat(call(file::size)).isEqualTo(9_001);
        assertThat(read(file, 0, 9_001)).isEqualTo("\0".repeat(9_000) + "x");
        call(file::close);
    }

    @Test
    void writesABufferOfManyPartsAndReleasesIt() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        CompositeByteBuf parts = Unpooled.compositeBuffer();
        parts.addComponents(true, bytes("one "), bytes("two "), bytes("x".repeat(5_000)));
        parts.skipBytes(1);
        call(() -> file.write(parts, 2));
        assertThat(parts.refCnt()).isZero();
        assertThat(read(file, 2, 10_000)).isEqualTo("ne two " + "x".repeat(5_000));
        call(file::close);
    }

    @Test
    void appendsBesideOthersWhereverTheFileEnds() throws Exception {
        file("a", "zero ");
        ShardFile one = open("a", OpenMode.APPEND);
        ShardFile two = open("a", OpenMode.APPEND);
        write(one, 0, "one ");
        write(two, 0, "two ");
        write(one, 0, "three ");
        call(() -> {
            CompletableFuture<@Nullable Void> first = one.write(bytes("aaaa"), 0);
            CompletableFuture<@Nullable Void> second = two.write(bytes("bbbb"), 0);
            return CompletableFuture.allOf(first, second);
        });
        assertThatThrownBy(() -> read(one, 0, 1)).isInstanceOf(IOException.class);
        call(one::close);
        call(two::close);
        assertThat(content("a")).isIn("zero one two three aaaabbbb", "zero one two three bbbbaaaa");
        ShardFile made = open("b", OpenMode.APPEND);
        write(made, 0, "new");
        call(made::close);
        assertThat(content("b")).isEqualTo("new");
    }

    @Test
    void opensToSendWhatIsAFile() throws Exception {
        file("a", "0123456789");
        ShardFile file = call(() -> files().openToSend(path("a")));
        assertThat(file.sizeWhenOpened()).isIn(-1L, 10L);
        assertThat(read(file, 2, 4)).isEqualTo("2345");
        assertThatThrownBy(() -> write(file, 0, "x")).isInstanceOf(IOException.class);
        call(file::close);
        call(() -> files().createDirectories(path("d")));
        assertThatThrownBy(() -> call(() -> files().openToSend(path("d")))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> call(() -> files().openToSend(path("none"))))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void keepsAFileForAWhileOrLetsItGo() throws Exception {
        file("kept", "old");
        for (String target : List.of("kept", "free")) {
            ShardFile file = call(() -> files().openTemporary(path("while")));
            write(file, 0, "content");
            assertThat(read(file, 0, 10)).isEqualTo("content");
            call(() -> file.keep(path(target)));
            assertThat(content(target)).isEqualTo("content");
            call(file::close);
        }
        ShardFile gone = call(() -> files().openTemporary(path("gone")));
        write(gone, 0, "content");
        boolean unnamed = gone.isUnnamed();
        call(gone::close);
        if (!unnamed) {
            call(() -> files().delete(path("gone")));
        }
        assertThat(call(() -> files().list(root()))).containsExactly("free", "kept");
    }

    @Test
    void writesNothing() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        call(() -> file.write(Unpooled.EMPTY_BUFFER, 100));
        assertThat(call(file::size)).isZero();
        call(file::close);
    }

    @Test
    void cutsAndGrows() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        write(file, 0, "x".repeat(10_000));
        call(() -> file.truncate(5));
        assertThat(call(file::size)).isEqualTo(5);
        call(() -> file.truncate(8_200));
        assertThat(read(file, 0, 10_000)).isEqualTo("xxxxx" + "\0".repeat(8_195));
        call(file::close);
    }

    @Test
    void takesRoomWithoutTouchingWhatIsThere() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        write(file, 0, "abc");
        call(() -> file.preallocate(600_000));
        assertThat(call(file::size)).isEqualTo(600_000);
        assertThat(read(file, 0, 10_000)).isEqualTo("abc" + "\0".repeat(9_997));
        call(() -> file.preallocate(10));
        assertThat(call(file::size)).isEqualTo(600_000);
        call(file::close);
    }

    @Test
    void syncs() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        write(file, 0, "abc");
        call(file::sync);
        call(() -> files().syncDirectory(root()));
        assertThat(read(file, 0, 10)).isEqualTo("abc");
        call(file::close);
        assertThatThrownBy(() -> call(() -> files().syncDirectory(path("a")))).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> call(() -> files().syncDirectory(path("none"))))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void opensAsItIsAsked() throws Exception {
        for (OpenMode mode : List.of(OpenMode.READ, OpenMode.WRITE)) {
            assertThatThrownBy(() -> open("a", mode)).isInstanceOf(NoSuchFileException.class)
                    .hasMessageContaining(path("a").toString()).hasMessageContaining("open it for " + mode);
        }
        file("a", "abc");
        assertThatThrownBy(() -> open("a", OpenMode.CREATE_NEW)).isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContaining(path("a").toString());
        for (OpenMode mode : List.of(OpenMode.CREATE, OpenMode.WRITE)) {
            ShardFile file = open("a", mode);
            assertThat(read(file, 0, 9)).isEqualTo("abc");
            call(file::close);
        }
        assertThatThrownBy(() -> open("none/a", OpenMode.CREATE)).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> open("a/b", OpenMode.CREATE)).isInstanceOf(FileSystemException.class);
        assertThatThrownBy(() -> call(() -> files().open(root(), OpenMode.READ)))
                .isInstanceOf(FileSystemException.class).hasMessageContaining("directory");
    }

    @Test
    void changesNothingThatWasOpenedToBeRead() throws Exception {
        file("a", "abc");
        ShardFile file = open("a", OpenMode.READ);
        ByteBuf written = bytes("x");
        for (Callable<CompletableFuture<@Nullable Void>> change : List
                .<Callable<CompletableFuture<@Nullable Void>>>of(() -> file.write(written, 0), () -> file.truncate(1),
                        () -> file.preallocate(10))) {
            assertThatThrownBy(() -> call(change)).isInstanceOf(IOException.class)
                    .hasMessageContaining("open it for WRITE").hasMessageContaining(path("a").toString());
        }
        assertThat(written.refCnt()).isZero();
        assertThat(read(file, 0, 9)).isEqualTo("abc");
        call(file::close);
    }

    @Test
    void renamesOverAnother() throws Exception {
        file("a", "of a");
        file("b", "of b");
        ShardFile old = open("b", OpenMode.WRITE);
        call(() -> files().rename(path("a"), path("b")));
        assertThat(content("b")).isEqualTo("of a");
        assertThatThrownBy(() -> open("a", OpenMode.READ)).isInstanceOf(NoSuchFileException.class);
        assertThat(read(old, 0, 9)).isEqualTo("of b");
        call(old::close);
        assertThatThrownBy(() -> call(() -> files().rename(path("a"), path("c"))))
                .isInstanceOf(NoSuchFileException.class).hasMessageContaining("rename it to " + path("c"));
    }

    @Test
    void renamesADirectoryWithWhatIsInIt() throws Exception {
        call(() -> files().createDirectories(path("d")));
        file("d/a", "of a");
        call(() -> files().rename(path("d"), path("e")));
        assertThat(content("e/a")).isEqualTo("of a");
        call(() -> files().createDirectories(path("f")));
        assertThatThrownBy(() -> call(() -> files().rename(path("f"), path("e")))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> call(() -> files().rename(path("e"), path("e/below"))))
                .isInstanceOf(IOException.class);
    }

    @Test
    void deletes() throws Exception {
        file("a", "abc");
        ShardFile file = open("a", OpenMode.READ);
        call(() -> files().delete(path("a")));
        assertThat(read(file, 0, 9)).isEqualTo("abc");
        call(file::close);
        assertThatThrownBy(() -> call(() -> files().delete(path("a")))).isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("delete");
        call(() -> files().createDirectories(path("d/e")));
        assertThatThrownBy(() -> call(() -> files().delete(path("d")))).isInstanceOf(FileSystemException.class)
                .hasMessageContaining("not empty");
        call(() -> files().delete(path("d/e")));
        call(() -> files().delete(path("d")));
        assertThat(call(() -> files().list(root()))).isEmpty();
    }

    @Test
    void listsByName() throws Exception {
        for (String name : List.of("b", "a", "c")) {
            file(name, "");
        }
        call(() -> files().createDirectories(path("d/e")));
        call(() -> files().createDirectories(path("d/e")));
        assertThat(call(() -> files().list(root()))).containsExactly("a", "b", "c", "d");
        assertThat(call(() -> files().list(path("d")))).containsExactly("e");
        assertThatThrownBy(() -> call(() -> files().list(path("none")))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> call(() -> files().list(path("a")))).isInstanceOf(FileSystemException.class)
                .hasMessageContaining("not a directory");
        assertThatThrownBy(() -> call(() -> files().createDirectories(path("a/b")))).isInstanceOf(IOException.class);
    }

    @Test
    void tellsTheStatus() throws Exception {
        file("a", "abc");
        FileStatus file = call(() -> files().status(path("a")));
        assertThat(file.isFile()).isTrue();
        assertThat(file.size()).isEqualTo(3);
        assertThat(call(() -> files().status(root())).isDirectory()).isTrue();
        assertThatThrownBy(() -> call(() -> files().status(path("b")))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void closesOnceAllHasEnded() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        List<String> order = new ArrayList<>();
        call(() -> {
            CompletableFuture<?> written = file.write(bytes("abc"), 0).thenRun(() -> order.add("written"));
            CompletableFuture<@Nullable Void> closed = file.close();
            assertThat(file.isOpen()).isFalse();
            return CompletableFuture.allOf(written, closed.thenRun(() -> order.add("closed")), file.close());
        });
        assertThat(order).containsExactly("written", "closed");
        ByteBuf late = bytes("x");
        assertThatThrownBy(() -> call(() -> file.write(late, 0))).isInstanceOf(IOException.class)
                .hasMessageContaining("closed").hasMessageContaining("write 1 bytes at 0");
        assertThat(late.refCnt()).isZero();
        assertThat(content("a")).isEqualTo("abc");
    }

    @Test
    void refusesWhatThereIsNoRoomFor() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        ByteBuf refused = bytes("x");
        call(() -> {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < most(); i++) {
                assertThat(files().hasRoom()).isTrue();
                all.add(file.write(bytes("x"), i));
            }
            assertThat(files().hasRoom()).isFalse();
            assertThat(files().underWay()).isEqualTo(most());
            assertThat(file.write(refused, 100)).failsWithin(Duration.ZERO).withThrowableThat()
                    .withCauseInstanceOf(RejectedExecutionException.class)
                    .withMessageContaining("of at most " + most()).withMessageContaining("whenRoom");
            CompletableFuture<@Nullable Void> room = files().whenRoom();
            CompletableFuture<@Nullable Void> given = files().whenRoom();
            given.cancel(false);
            assertThat(room).isNotDone();
            all.add(room);
            return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
        });
        assertThat(refused.refCnt()).isZero();
        assertThat(call(file::size)).isEqualTo(most());
        call(() -> files().whenRoom());
        call(file::close);
    }

    @Test
    void countsBytesToo() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        call(() -> {
            CompletableFuture<?> alone = file.write(Unpooled.buffer().writeZero((int) (2 * MOST_BYTES)), 0);
            assertThat(files().hasRoom()).isFalse();
            assertThat(file.write(bytes("x"), 0)).isCompletedExceptionally();
            return alone;
        });
        call(() -> {
            CompletableFuture<?> some = file.write(Unpooled.buffer().writeZero((int) MOST_BYTES - 1), 0);
            assertThat(file.write(bytes("more"), 0)).isCompletedExceptionally();
            return CompletableFuture.allOf(some, file.write(bytes("x"), 0));
        });
        call(file::close);
    }

    @Test
    void endsWhatNobodyWaitsFor() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        ByteBuf written = bytes("abc");
        call(() -> {
            file.write(written, 0).cancel(false);
            files().open(path("a"), OpenMode.READ).cancel(false);
            assertThat(files().underWay()).isEqualTo(2);
            return file.close();
        });
        while (call(() -> CompletableFuture.completedFuture(files().underWay())) > 0) {
            call(() -> files().status(root()));
        }
        assertThat(written.refCnt()).isZero();
        assertThat(content("a")).isEqualTo("abc");
    }

    @Test
    void writesManyAtOnce() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        String block = "0123456789abcdef".repeat(256);
        call(() -> {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(file.write(bytes(block), (long) i * block.length()));
            }
            return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
        });
        assertThat(read(file, 0, 1 << 20)).isEqualTo(block.repeat(8));
        call(file::close);
    }

    @Test
    void refusesWhatMakesNoSense() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        ByteBuf buffer = bytes("abc");
        assertThatThrownBy(() -> call(() -> file.write(buffer, -1))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
        assertThat(buffer.refCnt()).isZero();
        for (long size : List.of(-1L, Long.MIN_VALUE)) {
            assertThatThrownBy(() -> call(() -> file.truncate(size))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> call(() -> file.preallocate(size))).isInstanceOf(IllegalArgumentException.class);
        }
        ByteBuf beyond = Unpooled.buffer(10);
        assertThatThrownBy(() -> call(() -> file.read(beyond, Long.MAX_VALUE - 9)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("10 bytes at 9223372036854775798");
        assertThat(beyond.refCnt()).isEqualTo(1);
        call(file::close);
    }

    @Test
    void readsIntoABufferOfManyParts() throws Exception {
        file("a", "0123456789");
        ShardFile file = open("a", OpenMode.READ);
        for (boolean direct : new boolean[]{false, true}) {
            CompositeByteBuf parts = Unpooled.compositeBuffer();
            for (int length : new int[]{3, 1, 20}) {
                ByteBuf part = direct ? Unpooled.directBuffer(length) : Unpooled.buffer(length);
                parts.addComponent(part.writerIndex(length));
            }
            parts.writerIndex(1);
            assertThat(call(() -> file.read(parts, 2))).isEqualTo(8);
            assertThat(parts.readByte()).isZero();
            assertThat(parts.toString(StandardCharsets.ISO_8859_1)).isEqualTo("23456789");
            assertThat(parts.refCnt()).isEqualTo(1);
            parts.release();
        }
        call(file::close);
    }

    @Test
    void goesPastThePageCacheOrSaysThatItDoesNot() throws Exception {
        ShardFile file = call(() -> files().openDirect(path("a"), OpenMode.CREATE));
        int block = ShardFiles.ALIGNMENT;
        ByteBuf blocks = ShardFiles.aligned(2 * block - 1);
        assertThat(blocks.capacity()).isEqualTo(2 * block);
        call(() -> file.write(blocks.writeZero(block).writeBytes(new byte[block]).setByte(block, 'x'), block));
        assertThat(blocks.refCnt()).isZero();
        call(() -> file.truncate(2L * block + 5));
        call(() -> file.preallocate(2L * block + 7));
        assertThat(call(file::size)).isEqualTo(2L * block + 7);
        ByteBuf read = ShardFiles.aligned(4 * block);
        assertThat(call(() -> file.read(read, block))).isEqualTo(block + 7);
        assertThat(read.getByte(block)).isEqualTo((byte) 'x');
        call(() -> file.truncate(block + 5));
        assertThat(call(() -> file.read(read.clear(), block))).isEqualTo(5);
        read.release();
        if (file.isDirect()) {
            ByteBuf odd = bytes("abc");
            assertThatThrownBy(() -> call(() -> file.write(odd, 0))).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("3 bytes at 0").hasMessageContaining("ShardFiles.aligned");
            assertThat(odd.refCnt()).isZero();
        }
        call(file::close);
        ShardFile cached = open("a", OpenMode.READ);
        assertThat(cached.isDirect()).isFalse();
        call(cached::close);
    }

    @Test
    void readsAFileThatIsCutMeanwhile() throws Exception {
        file("a", "x".repeat(100_000));
        ShardFile reader = open("a", OpenMode.READ);
        ShardFile writer = open("a", OpenMode.WRITE);
        ByteBuf into = Unpooled.directBuffer(100_000);
        call(() -> CompletableFuture.allOf(reader.read(into, 0), writer.truncate(10)));
        assertThat(into.readableBytes()).isBetween(10, 100_000);
        call(() -> reader.read(into.clear(), 0));
        assertThat(into.toString(StandardCharsets.ISO_8859_1)).isEqualTo("x".repeat(10));
        assertThat(call(() -> reader.read(into.clear(), 50_000))).isZero();
        into.release();
        call(() -> CompletableFuture.allOf(reader.close(), writer.close()));
    }

    @Test
    void closesTwoFilesWhileMuchIsUnderWay() throws Exception {
        ShardFile one = open("a", OpenMode.CREATE);
        ShardFile other = open("b", OpenMode.CREATE);
        call(() -> {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < most() / 2; i++) {
                all.add(one.write(bytes("a"), i));
                all.add(other.write(bytes("b"), i));
            }
            all.add(one.close());
            all.add(other.close());
            return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
        });
        assertThat(content("a")).isEqualTo("a".repeat(most() / 2));
        assertThat(content("b")).isEqualTo("b".repeat(most() / 2));
    }

    @Test
    void endsThoughABufferWasReleasedOnceTooOften() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        ByteBuf written = bytes("abc");
        assertThatThrownBy(() -> call(() -> {
            CompletableFuture<?> all = file.write(written, 0);
            // The array stays, as long as anybody refers to it.
            written.release();
            return all;
        })).isInstanceOf(IOException.class).hasMessageContaining("released while the operation held it");
        assertThat(call(() -> CompletableFuture.completedFuture(files().underWay()))).isZero();
        assertThat(call(file::size)).isEqualTo(3);
        call(file::close);
    }
}
