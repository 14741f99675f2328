package io.solaster.engine.readme;

import java.nio.file.Path;
import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFiles;
import org.jspecify.annotations.Nullable;

/** A file that a crash does not lose. */
final class FilesExample {

    private FilesExample() {}

    static CompletionStage<@Nullable Void> run(Path directory, ByteBuf bytes) {
        // On a shard. All of it comes home there, and none of it waits for a disk.
        ShardFiles files = Shard.current().files();
        Path next = directory.resolve("state.next");
        return files.open(next, OpenMode.CREATE).thenCompose(file -> file.write(bytes, 0)
                // The content first, then the name, then that it has this name.
                .thenCompose(written -> file.sync())
                .thenCompose(synced -> file.close()))
                .thenCompose(closed -> files.rename(next, directory.resolve("state")))
                .thenCompose(renamed -> files.syncDirectory(directory));
    }
}
