package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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
        engine = Engines.start(Changed.with(EngineConfig.defaults(), "offload", OffloadConfig.of(1, QUEUE)), 2);
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
    void leavesHalfOfTheQueueToOthers() {
        occupy();
        List<CompletableFuture<?>> all = get(engine.submitTo(0, () -> {
            List<CompletableFuture<?>> asked = new ArrayList<>();
            while (engine.shard(0).files().hasRoom()) {
                asked.add(engine.shard(0).files().status(directory));
            }
            assertThat(engine.shard(0).files().list(directory)).isCompletedExceptionally();
            return asked;
        }));
        assertThat(all).hasSize(QUEUE / 2 / 2);
        release.countDown();
        all.forEach(Engines::get);
        assertThat(get(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> engine.shard(0).files().whenRoom())))
                .isNull();
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
}
