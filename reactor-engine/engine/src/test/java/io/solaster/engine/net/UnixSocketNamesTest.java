package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server starts while the one before it, on the same path, is about to end. */
class UnixSocketNamesTest {
    private final SplittableRandom random = new SplittableRandom(1);

    @TempDir
    Path directory;

    @BeforeEach
    void thereIsRoom() {
        assumeTrue(directory.toString().length() < 80, () -> directory + " is too long for paths of sockets in it");
    }

    private UnixSocket at(Path path) {
        ServerConfig config = ServerConfig.of("http", 0).withHost("unix:" + path);
        return Objects.requireNonNull(UnixSocket.of(config, Transport.NIO, random));
    }

    private static ServerSocketChannel bind(UnixDomainSocketAddress address) throws Exception {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
    }

    @Test
    void theOneThatEndsTakesNothingOfTheOneThatStarts() throws Exception {
        Path path = directory.resolve("web.sock");
        UnixSocket old = at(path);
        UnixDomainSocketAddress olds = (UnixDomainSocketAddress) old.toBind();
        try (ServerSocketChannel before = bind(olds)) {
            old.bound();
            old.remove();
            UnixSocket next = at(path);
            try (ServerSocketChannel after = bind((UnixDomainSocketAddress) next.toBind())) {
                // As Netty does when it closes a channel that was bound there.
                Files.deleteIfExists(olds.getPath());
                before.close();
                next.bound();
                SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
                assertThat(after.isOpen()).isTrue();
            }
        }
    }

    @Test
    void whatAServerLeftThatWasKilledWhileItStartedIsRemoved() throws Exception {
        Path path = directory.resolve("web.sock");
        Path left = directory.resolve("web.sock0a9");
        Path fresh = directory.resolve("web.sockabc");
        Path heard = directory.resolve("web.sockxyz");
        Path file = directory.resolve("web.sock111");
        Path other = directory.resolve("web.sock.old");
        Files.createFile(file);
        bind(UnixDomainSocketAddress.of(left)).close();
        bind(UnixDomainSocketAddress.of(fresh)).close();
        bind(UnixDomainSocketAddress.of(other)).close();
        FileTime longAgo = FileTime.from(Instant.now().minusSeconds(3600));
        try (ServerSocketChannel listening = bind(UnixDomainSocketAddress.of(heard))) {
            for (Path each : List.of(left, heard, file, other)) {
                Files.setLastModifiedTime(each, longAgo);
            }
            UnixSocket socket = at(path);
            try (ServerSocketChannel bound = bind((UnixDomainSocketAddress) socket.toBind())) {
                socket.bound();
                assertThat(bound.isOpen()).isTrue();
                assertThat(listening.isOpen()).isTrue();
                assertThat(left).doesNotExist();
                assertThat(List.of(path, fresh, heard, file, other)).allSatisfy(each -> assertThat(each).exists());
            }
        }
    }

    @Test
    void theLongestPathHasRoomForIt() throws Exception {
        Path longest = directory.resolve("s".repeat(103 - directory.toString().length() - 1));
        UnixSocket socket = at(longest);
        try (ServerSocketChannel bound = bind((UnixDomainSocketAddress) socket.toBind())) {
            socket.bound();
            assertThat(bound.isOpen()).isTrue();
            assertThat(longest).exists();
        }
    }
}
