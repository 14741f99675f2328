package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.uring.IoUring;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.FilesConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.stats.FileStats;
import io.solaster.engine.task.SchedulingGroup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files on the shards of an engine; what files do is the contract of disks in the test kit. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ShardFilesTest {
    private static final int QUEUE = 16;
    private final CountDownLatch release = new CountDownLatch(1);
    private Engine engine;
    @TempDir
    private Path directory;

    @BeforeEach
    void start() {
        // By the one thread, which a test can keep busy.
        FilesConfig threads = Changed.with(FilesConfig.defaults(), "access", FilesConfig.Access.THREADS);
        engine = Engines
                .start(Changed.with(Changed.with(EngineConfig.defaults(), "offload", OffloadConfig.of(1, QUEUE)),
                        "files", threads), 2);
    }

    @AfterEach
    void stop() {
        release.countDown();
        engine.close();
    }

    private ShardFile open(int shard, String name) {
        return get(engine.submitStageTo(shard, CallOptions.DEFAULTS,
                () -> engine.shard(shard).files().open(directory.resolve(name), OpenMode.CREATE)));
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    /** The only thread for files is busy. */
    private void occupy() {
        CountDownLatch begun = new CountDownLatch(1);
        engine.offload().execute(Purpose.FILES, () -> {
            begun.countDown();
            MeshTest.await(release);
        });
        MeshTest.await(begun);
    }

    @Test
    void comesHomeToTheShardThatAsked() {
        ShardFile file = open(1, "a");
        boolean written = get(engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> file.write(bytes("abc"), 0).thenApply(done -> engine.shard(1).inEventLoop())));
        boolean closed = get(engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> file.close().thenApply(done -> engine.shard(1).inEventLoop())));
        assertThat(written && closed).isTrue();
        assertThat(directory.resolve("a")).hasContent("abc");
    }

    @Test
    void parksStraightLineCode() throws Exception {
        assertThat(get(engine.shard(0).fork(() -> {
            Shard shard = engine.shard(0);
            ShardFile file = shard.files().open(directory.resolve("a"), OpenMode.CREATE_NEW).join();
            file.write(bytes("abc"), 0).join();
            file.sync().join();
            ByteBuf read = Unpooled.buffer(10);
            assertThat(file.read(read, 1).join()).isEqualTo(2);
            file.close().join();
            return read.toString(StandardCharsets.ISO_8859_1);
        }).future())).isEqualTo("bc");
        assertThatThrownBy(() -> engine.shard(0)
                .fork(() -> engine.shard(0).files().status(directory.resolve("b")).get()).future().get())
                .rootCause().isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void belongsToItsShard() {
        assertThatThrownBy(() -> engine.shard(0).files()).isInstanceOf(WrongShardException.class);
        ShardFile file = open(0, "a");
        ByteBuf written = bytes("abc");
        assertThatThrownBy(() -> get(engine.submitTo(1, () -> file.write(written, 0))))
                .isInstanceOf(WrongShardException.class).hasMessageContaining("a belongs to shard 0");
        assertThat(written.refCnt()).isZero();
    }

    @Test
    void leavesTheQueueOfTheThreadsToOthers() {
        occupy();
        List<CompletableFuture<?>> all = get(engine.submitTo(0, () -> {
            List<CompletableFuture<?>> asked = new ArrayList<>();
            while (engine.shard(0).files().hasRoom()) {
                asked.add(engine.shard(0).files().status(directory));
            }
            assertThat(engine.shard(0).files().list(directory)).isCompletedExceptionally();
            return asked;
        }));
        assertThat(all).hasSize(engine.config().files().queueCapacity());
        assertThat(engine.offload().queued(Purpose.FILES)).isEqualTo(2);
        FileStats stats = engine.shard(0).stats().files;
        assertThat(stats.atDisk.get()).isEqualTo(2);
        assertThat(stats.queued.get()).isEqualTo(all.size() - 2);
        assertThat(stats.refused.get()).isEqualTo(1);
        release.countDown();
        all.forEach(Engines::get);
        assertThat(get(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> engine.shard(0).files().whenRoom())))
                .isNull();
        assertThat(stats.operations.get()).isEqualTo(all.size());
        assertThat(stats.atDisk.get() + stats.queued.get()).isZero();
        assertThat(stats.nanos.snapshot().count()).isEqualTo(all.size());
    }

    @Test
    void hasRoomForOneGroupThoughAnotherHasNone() {
        occupy();
        SchedulingGroup critical = engine.groups().critical();
        CompletableFuture<?> read = get(engine.submitTo(0, () -> {
            while (engine.shard(0).files().hasRoom()) {
                engine.shard(0).files().status(directory);
            }
            CompletableFuture<CompletableFuture<?>> begun = new CompletableFuture<>();
            engine.shard(0).execute(critical, () -> begun.complete(engine.shard(0).files().status(directory)));
            return begun;
        }));
        release.countDown();
        get((CompletableFuture<?>) get(read));
    }

    @Test
    void endsAllThatWaitsWhenTheShardEnds() {
        ShardFile file = open(0, "a");
        occupy();
        List<ByteBuf> buffers = new ArrayList<>();
        List<CompletableFuture<?>> all = get(engine.submitTo(0, () -> {
            List<CompletableFuture<?>> asked = new ArrayList<>();
            while (engine.shard(0).files().hasRoom()) {
                ByteBuf written = bytes("abc");
                buffers.add(written);
                asked.add(file.write(written, 3L * asked.size()));
            }
            return asked;
        }));
        engine.offload().close(Duration.ZERO);
        engine.close();
        assertThat(all).allSatisfy(each -> assertThat(each).isDone());
        assertThat(all.stream().filter(CompletableFuture::isCompletedExceptionally)).isNotEmpty()
                .allSatisfy(each -> assertThat(each.exceptionNow()).isInstanceOf(RejectedExecutionException.class)
                        .hasMessageContaining("could not write 3 bytes"));
        assertThat(buffers).allSatisfy(each -> assertThat(each.refCnt()).isZero());
    }

    @Test
    void endsWhatWasAcceptedBeforeTheThreadsEnd() throws Exception {
        ShardFile file = open(0, "a");
        int most = engine.config().files().queueCapacity();
        List<CompletableFuture<?>> all = get(engine.submitTo(0, () -> {
            List<CompletableFuture<?>> asked = new ArrayList<>();
            for (int i = 0; i < most; i++) {
                asked.add(file.write(bytes("abc"), 3L * i));
            }
            return asked;
        }));
        engine.close();
        assertThat(all).allSatisfy(each -> assertThat(each).isCompleted());
        assertThat(Files.size(directory.resolve("a"))).isEqualTo(3L * most);
    }

    @Test
    void endsByNameWhatHasNotBegunWhenTheThreadsEnd() throws Exception {
        ShardFile file = open(0, "a");
        occupy();
        ByteBuf written = bytes("abc");
        CompletableFuture<?> waits = get(engine.submitTo(0, () -> file.write(written, 0)));
        engine.offload().close(Duration.ZERO);
        assertThatThrownBy(() -> get(waits)).isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("stopped").hasMessageContaining("write 3 bytes at 0");
        assertThat(written.refCnt()).isZero();
        assertThat(Files.size(directory.resolve("a"))).isZero();
        // A descriptor is never left, though nobody is there to close it.
        get(engine.submitStageTo(0, CallOptions.DEFAULTS, file::close));
    }

    private static boolean makesPipe(Path pipe) throws InterruptedException {
        try {
            return new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
        } catch (IOException missing) {
            return false;
        }
    }

    /**
     * Nobody writes to the pipe, so that its read does not end. Both at once, since each takes as long as is waited for that.
     * What a disk that never answers does is in each build, by {@code SilentDiskTest}.
     */
    @Test
    @Tag("full")
    void stopsWhereAnOperationOfARingDoesNotEnd() throws Exception {
        assumeTrue(IoUring.isAvailable());
        Path pipe = directory.resolve("pipe");
        assumeTrue(makesPipe(pipe), "no pipes here");
        List<CompletableFuture<Void>> both = Stream.of(Transport.IO_URING, Transport.EPOLL)
                .map(transport -> CompletableFuture.runAsync(() -> stopsThough(transport, pipe),
                        task -> Thread.ofPlatform().start(task)))
                .toList();
        both.forEach(Engines::get);
    }

    private static void stopsThough(Transport transport, Path pipe) {
        Engine onRing = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER)
                .withTransport(transport));
        CompletableFuture<Integer> read;
        ByteBuf into = Unpooled.directBuffer(8);
        try (onRing) {
            ShardFile file = get(onRing.submitStageTo(0, CallOptions.DEFAULTS,
                    () -> onRing.shard(0).files().open(pipe, OpenMode.WRITE)));
            read = get(onRing.submitTo(0, () -> file.read(into, 0)));
            onRing.submitTo(0, file::close);
        }
        assertThat(onRing.shard(0).isTerminated()).isTrue();
        assertThatThrownBy(read::get).hasRootCauseInstanceOf(ShardStoppedException.class);
        assertThat(into.release()).as("nobody else holds it").isTrue();
    }
}
