package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** HTTP over Unix domain sockets. */
class UnixSocketTest {
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

    @TempDir
    Path directory;

    private ServerConfig at(Path path) {
        return ServerConfig.of("http", 0).withHost("unix:" + path);
    }

    private static void hello(HttpRequest request, HttpResponse response) {
        response.header("X-Client", request.remoteAddress().toString()).send("shard " + request.shard().id());
    }

    private static SocketChannel connect(Path path) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(path));
    }

    private static String ask(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap(REQUEST.getBytes(StandardCharsets.US_ASCII)));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer some = ByteBuffer.allocate(64 << 10);
        while (client.read(some) >= 0) {
            all.write(some.array(), 0, some.position());
            some.clear();
        }
        return all.toString(StandardCharsets.US_ASCII);
    }

    private static String ask(Path path) throws IOException {
        try (SocketChannel client = connect(path)) {
            return ask(client);
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private static void refuses(HttpFixture fixture, ServerConfig config, String... because) {
        assertThatExceptionOfType(BindException.class).isThrownBy(() -> fixture.serve(config, UnixSocketTest::hello))
                .withMessageContainingAll(because);
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void connectionsComeToEveryShardAndTheFileGoesWithTheServer(Transport transport) throws Exception {
        Path path = directory.resolve("web.sock");
        try (HttpFixture fixture = new HttpFixture(transport, 2)) {
            TcpServer server = fixture.serve(Changed.with(at(path), "socketMode", "660"), UnixSocketTest::hello);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path))).isEqualTo("rw-rw----");
            assertThat(server.port()).isZero();
            assertThat(server.isListening()).isTrue();
            List<SocketChannel> clients = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                clients.add(fixture.open(connect(path)));
            }
            // Which is counted by shard a moment later than for all.
            HttpFixture.await("each shard has two",
                    () -> server.connections() == 4 && server.connections(0) == 2 && server.connections(1) == 2);
            List<String> answers = new ArrayList<>();
            for (SocketChannel client : clients) {
                answers.add(ask(client));
            }
            assertThat(answers).allMatch(answer -> answer.startsWith("HTTP/1.1 200 "))
                    .allMatch(answer -> answer.contains("127.0.0.1:0")).anyMatch(answer -> answer.endsWith("shard 0"))
                    .anyMatch(answer -> answer.endsWith("shard 1"));
            server.close();
            assertThat(files()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whatADeadServerHasLeftIsReplacedAndNothingElseIs(Transport transport) throws Exception {
        Path path = directory.resolve("web.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        try (HttpFixture fixture = new HttpFixture(transport, 1)) {
            TcpServer server = fixture.serve(at(path), UnixSocketTest::hello);
            assertThat(ask(path)).endsWith("shard 0");
            refuses(fixture, at(path), "cannot listen on unix:" + path + ": another server listens there",
                    "solaster.servers.web.host");
            assertThat(ask(path)).as("the first goes on").endsWith("shard 0");
            // Another has put its own there.
            Files.delete(path);
            try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                other.bind(UnixDomainSocketAddress.of(path));
                server.close();
                assertThat(path).exists();
            }
            Path file = Files.writeString(directory.resolve("notes"), "keep this");
            refuses(fixture, at(file), file + " is no socket");
            assertThat(file).hasContent("keep this");
            refuses(fixture, at(directory.resolve("none/web.sock")),
                    "there is no directory " + directory.resolve("none"));
            assertThat(files()).containsExactlyInAnyOrder("web.sock", "notes");
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void curlReadsLongBodiesAndFilesBySocketAndByName(Transport transport) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
        byte[] content = "0123456789abcdef".repeat(50_000).getBytes(StandardCharsets.US_ASCII);
        Path file = Files.write(directory.resolve("content"), content);
        HttpHandler handler = (request, response) -> {
            if (request.path().equals("/file")) {
                response.sendFile(open(file), 0, content.length);
            } else {
                response.send(content);
            }
        };
        Path path = directory.resolve("web.sock");
        String name = "solaster-test-" + ProcessHandle.current().pid() + transport;
        try (HttpFixture fixture = new HttpFixture(transport, 2)) {
            fixture.serve(at(path), handler);
            assertThat(curl("--unix-socket", path.toString(), "http://h/file")).isEqualTo(content);
            assertThat(curl("--unix-socket", path.toString(), "http://h/")).isEqualTo(content);
            ServerConfig named = ServerConfig.of("http", 0).withHost("unix:@" + name);
            if (transport == Transport.NIO) {
                refuses(fixture, named, "the JDK knows no abstract names", "solaster.engine.transport");
            } else {
                fixture.serve(named, handler);
                assertThat(curl("--abstract-unix-socket", name, "http://h/")).isEqualTo(content);
                refuses(fixture, named, "another server listens there");
            }
        }
    }

    private static FileChannel open(Path file) {
        try {
            return FileChannel.open(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static byte[] curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
        command.addAll(List.of(arguments));
        Process curl = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        byte[] read = curl.getInputStream().readAllBytes();
        assertThat(curl.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return read;
    }
}
