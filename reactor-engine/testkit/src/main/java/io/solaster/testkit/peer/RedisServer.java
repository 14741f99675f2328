package io.solaster.testkit.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

import org.junit.jupiter.api.Assumptions;

/**
 * A redis-server of its own on the loopback, which keeps nothing, to talk to and to compare with. A test that asks for one
 * is skipped where none is installed. Any thread.
 *
 * {@snippet :
 * try (RedisServer redis = RedisServer.start("--requirepass", "secret")) {
 *     client.connect("127.0.0.1", redis.port());
 * }
 * }
 */
public final class RedisServer implements AutoCloseable {
    private static final int TRIES = 5;
    private static final Duration STARTS = Duration.ofMinutes(1);
    private static final Duration ENDS = Duration.ofSeconds(10);

    private final Process process;
    private final Path directory;
    private final int port;

    private RedisServer(Process process, Path directory, int port) {
        this.process = process;
        this.directory = directory;
        this.port = port;
    }

    /** Whether one is on the PATH. */
    public static boolean isInstalled() {
        return find("redis-server").isPresent();
    }

    /** Where a program is installed, such as redis-cli; where it is not, the test is skipped. */
    public static String program(String name) {
        Optional<Path> found = find(name);
        Assumptions.assumeTrue(found.isPresent(), name + " is not on the PATH");
        return found.orElseThrow().toString();
    }

    private static Optional<Path> find(String name) {
        return Stream.of(System.getenv("PATH").split(":", -1)).map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable).findFirst();
    }

    /**
     * Starts one on a free port; it accepts once this returns.
     *
     * @param options of its command line, such as {@code --requirepass secret}
     */
    public static RedisServer start(String... options) throws IOException {
        String program = program("redis-server");
        for (int i = 0; i < TRIES; i++) {
            int port;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = free.getLocalPort();
            }
            Optional<RedisServer> server = start(program, port, options);
            if (server.isPresent()) {
                return server.get();
            }
            // Somebody else took its port.
        }
        throw new IOException(program + " " + String.join(" ", options) + " ended at once, " + TRIES + " times");
    }

    /** As {@link #start(String...)}, on this port: for one that comes back. */
    public static RedisServer start(int port, String... options) throws IOException {
        String program = program("redis-server");
        return start(program, port, options)
                .orElseThrow(() -> new IOException(program + " ended at once; is port " + port + " taken?"));
    }

    /** Empty where it ends at once. */
    private static Optional<RedisServer> start(String program, int port, String... options) throws IOException {
        Path directory = Files.createTempDirectory("redis");
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(program, "--port", Integer.toString(port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", directory.toString(), "--logfile",
                log.toString()));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        // SORT ALPHA goes by the language of the environment.
        builder.environment().put("LC_ALL", "C");
        RedisServer server = new RedisServer(builder.start(), directory, port);
        long end = System.nanoTime() + STARTS.toNanos();
        while (server.process.isAlive() && !isReady(log)) {
            if (System.nanoTime() - end > 0) {
                server.close();
                throw new IOException(program + " does not accept within " + STARTS);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        if (server.process.isAlive()) {
            return Optional.of(server);
        }
        server.close();
        return Optional.empty();
    }

    private static boolean isReady(Path log) throws IOException {
        return Files.exists(log) && Files.readString(log).contains("Ready to accept connections");
    }

    /** Its port on 127.0.0.1. */
    public int port() {
        return port;
    }

    /** The number of its process. */
    public long pid() {
        return process.pid();
    }

    /** Where it writes its files, unless an option says otherwise; gone once it is closed. */
    public Path directory() {
        return directory;
    }

    /** Ends it at once, as a crash would. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Ends it, and deletes what it wrote. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(ENDS.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
