package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.file.DiskFullException;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import io.solaster.engine.stats.FileStats;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The machine's files are a disk, on a shard. */
abstract class MachineDiskContract extends DiskContract {
    private static final Path FULL = Path.of("/dev/full");
    private final Engine engine;
    @TempDir
    private Path directory;

    MachineDiskContract(EngineConfig.Transport transport) {
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(EngineConfig.Pinning.NEVER)
                .withTransport(transport));
    }

    @AfterEach
    final void stop() {
        engine.close();
    }

    final FileStats stats() {
        return engine.shard(0).stats().files;
    }

    @Override
    ShardFiles files() {
        return engine.shard(0).files();
    }

    @Override
    int most() {
        return engine.config().files().queueCapacity();
    }

    @Override
    Path root() {
        return directory;
    }

    @Override
    <T extends @Nullable Object> T call(Callable<? extends CompletableFuture<T>> work) throws Exception {
        try {
            return engine.<T>submitStageTo(0, CallOptions.DEFAULTS, work).get(30, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof Exception cause ? cause : failed;
        }
    }

    @Test
    void aFileForAWhileHasNoNameWhereTheFileSystemDoesThat() throws Exception {
        ShardFile file = call(() -> files().openTemporary(path("while")));
        assumeTrue(file.isUnnamed());
        assertThat(call(() -> files().list(root()))).isEmpty();
        write(file, 0, "content");
        assertThat(Files.readString(file.path())).isEqualTo("content");
        call(file::close);
    }

    @Test
    void sendsNothingThatALinkLeadsToOrThatIsNoFile() throws Exception {
        file("a", "abc");
        Files.createSymbolicLink(path("link"), path("a"));
        assertThatThrownBy(() -> call(() -> files().openToSend(path("link")))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> call(() -> files().openToSend(Path.of("/dev/null")))).isInstanceOf(IOException.class);
        ShardFile file = call(() -> files().openToSend(path("a")));
        assertThat(file.sizeWhenOpened()).isEqualTo(3);
        assertThat(call(() -> CompletableFuture.completedFuture(file.isCached(3, 10)))).isFalse();
        call(file::close);
    }

    @Test
    void tellsOfAFullDiskByName() throws Exception {
        assumeTrue(Files.exists(FULL));
        ShardFile file = call(() -> files().open(FULL, OpenMode.WRITE));
        assertThatThrownBy(() -> write(file, 0, "abc")).isInstanceOf(DiskFullException.class)
                .hasMessageContaining("/dev/full: could not write 3 bytes at 0");
        call(file::close);
    }

    @Test
    void takesNoRoomThatThereIsNot() throws Exception {
        file("a", "abc");
        ShardFile file = open("a", OpenMode.WRITE);
        assertThatThrownBy(() -> call(() -> file.preallocate(1L << 60))).isInstanceOf(IOException.class)
                .hasMessageContaining("take room up to 1152921504606846976 bytes");
        assertThat(content("a")).isEqualTo("abc");
        call(file::close);
    }

    @Test
    void opensThroughTheCacheWhereTheFileSystemHasNoWayPastIt() throws Exception {
        Path version = Path.of("/proc/version");
        assumeTrue(Files.exists(version));
        ShardFile file = call(() -> files().openDirect(version, OpenMode.READ));
        assertThat(file.isDirect()).isFalse();
        assertThat(read(file, 0, 10)).hasSize(10);
        call(file::close);
    }
}
