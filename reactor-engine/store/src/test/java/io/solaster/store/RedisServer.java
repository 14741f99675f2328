package io.solaster.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;

/** A real redis-server to compare with; where none is installed, the test is skipped. */
final class RedisServer implements AutoCloseable {
    private static final int TRIES = 5;

    private final Process process;
    private final Path directory;
    private final int port;

    private RedisServer(Process process, Path directory, int port) {
        this.process = process;
        this.directory = directory;
        this.port = port;
    }

    static RedisServer start() throws Exception {
        String program = program("redis-server");
        for (int i = 0; i < TRIES; i++) {
            RedisServer server = start(program);
            try {
                StoreFixture.await("redis-server accepts", () -> !server.process.isAlive() || server.accepts());
            } catch (AssertionError tooLate) {
                server.close();
                throw tooLate;
            }
            if (server.process.isAlive()) {
                return server;
            }
            // Somebody else took its port.
            server.close();
        }
        throw new IllegalStateException(program + " ended at once, " + TRIES + " times");
    }

    private static RedisServer start(String program) throws IOException {
        Path directory = Files.createTempDirectory("redis");
        int port = freePort();
        ProcessBuilder builder = new ProcessBuilder(program, "--port", Integer.toString(port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--dir", directory.toString())
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        // SORT ALPHA goes by the language of the environment there.
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        return new RedisServer(process, directory, port);
    }

    /** Where a program is installed; without it the test is skipped. */
    static String program(String name) {
        Optional<Path> found = Stream.of(System.getenv("PATH").split(":", -1)).map(dir -> Path.of(dir, name))
                .filter(Files::isExecutable).findFirst();
        Assumptions.assumeTrue(found.isPresent(), name + " is not installed: not compared with it");
        return found.get().toString();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Whether it is this one that answers: somebody else may have the port. */
    private boolean accepts() {
        try (RespClient client = new RespClient(port)) {
            client.socket().setSoTimeout(5_000);
            return client.call("CONFIG", "GET", "dir").endsWith("/" + directory.getFileName());
        } catch (IOException | UncheckedIOException notYet) {
            return false;
        }
    }

    String version() {
        try (RespClient client = connect()) {
            return client.call("INFO", "server").replaceAll("(?s).*redis_version:([0-9.]+).*", "$1");
        }
    }

    /** Where it writes its files; who has it write one moves that away. */
    Path directory() {
        return directory;
    }

    RespClient connect() {
        return new RespClient(port);
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.destroy();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        Files.deleteIfExists(directory);
    }
}
