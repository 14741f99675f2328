package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** RESP over a Unix domain socket, whose clients are of this machine: protected mode lets them in. */
class UnixSocketTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void redisCliSetsAndReadsBySocket(Transport transport) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/redis-cli")), "redis-cli is not installed");
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(), "no epoll here");
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(), "no io_uring here");
        Path path = directory.resolve("kv.sock");
        ServerConfig config = ServerConfig.of("resp", 0).withHost("unix:" + path);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withTransport(transport)
                .withPinning(Pinning.NEVER));
                TcpServer server = TcpServer.bind(engine, "kv", config, new RespProtocol(Store.on(engine), config))) {
            assertThat(server.isListening()).isTrue();
            assertThat(cli(path, "SET", "a", "1")).isEqualTo("OK");
            assertThat(cli(path, "SET", "b", "2")).isEqualTo("OK");
            assertThat(cli(path, "MGET", "a", "b")).isEqualTo("1\n2");
            assertThat(cli(path, "CLIENT", "INFO")).contains("addr=127.0.0.1:0");
        }
        assertThat(path).doesNotExist();
    }

    private static String cli(Path socket, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("redis-cli", "-s", socket.toString()));
        command.addAll(List.of(arguments));
        Process cli = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(cli.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(cli.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return said;
    }
}
