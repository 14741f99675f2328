package io.solaster.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The kernel's own table of sockets. */
final class Sockets {
    private static final String TIME_WAIT = "06";

    private Sockets() {}

    /** Sockets of this network namespace that go to a port, those of which nothing is left but a memory excepted. */
    static long to(int port) {
        return Stream.of("/proc/self/net/tcp", "/proc/self/net/tcp6")
                .flatMap(file -> lines(Path.of(file)).stream().skip(1))
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> port(fields[2]) == port && !fields[3].equals(TIME_WAIT)).count();
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
