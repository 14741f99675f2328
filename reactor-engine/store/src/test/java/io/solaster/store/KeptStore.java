package io.solaster.store;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongSupplier;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.persist.Persistence;

/** A store that is kept in a directory, with an engine and a server of its own, until it is closed. */
final class KeptStore implements AutoCloseable {
    private final Engine engine;
    private final Store store;
    private final TcpServer server;

    KeptStore(int shards, StorePersistenceConfig config) {
        this(shards, config, System::currentTimeMillis);
    }

    KeptStore(int shards, StorePersistenceConfig config, LongSupplier clock) {
        assumeLocks(Path.of(java.util.Objects.requireNonNull(config.directory())));
        engine = Engine.start(EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER));
        try {
            store = Store.on(engine, StoreConfig.defaults().withPersistence(config), clock);
            ServerConfig resp = ServerConfig.of("resp", 0);
            server = TcpServer.bind(engine, "kept", resp, new RespProtocol(store, resp));
        } catch (RuntimeException | Error failed) {
            engine.close();
            throw failed;
        }
    }

    /** Skips the test where files cannot be locked, as on some network file systems. */
    static void assumeLocks(Path directory) {
        Path tried = directory.resolve("tried");
        try {
            Files.createDirectories(directory);
            try (FileChannel channel = FileChannel.open(tried, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.lock();
            } catch (IOException none) {
                assumeTrue(false, "no locks of files in " + directory + ": " + none.getMessage());
            }
            Files.delete(tried);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Small files, so that little makes many of them. */
    static StorePersistenceConfig small(Path directory) {
        return StorePersistenceConfig.in(directory.toString()).withFsync(Fsync.EVERY_SECOND)
                .withSizes(new ByteSize(256 << 10), new ByteSize(64 << 10), new ByteSize(0));
    }

    static KeptStore open(int shards, Path directory) {
        return new KeptStore(shards, small(directory));
    }

    Store store() {
        return store;
    }

    Persistence persistence() {
        return java.util.Objects.requireNonNull(store.parts().persistence());
    }

    RespClient connect() {
        return new RespClient(server.port());
    }

    int port() {
        return server.port();
    }

    @Override
    public void close() {
        engine.close();
    }
}
