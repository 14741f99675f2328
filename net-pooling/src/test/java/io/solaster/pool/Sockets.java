package io.solaster.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The kernel's own table of sockets. */
final class Sockets {
    private static final String TIME_WAIT = "06";

    private Sockets() {}

    /** Sockets of this network namespace that go to a port, those of which nothing is left but a memory excepted. */
    static long to(int port) {
        return to(fields -> port(fields[2]) == port);
    }

    private static long to(Predicate<String[]> there) {
        return Stream.of("/proc/self/net/tcp", "/proc/self/net/tcp6")
                .flatMap(file -> lines(Path.of(file)).stream().skip(1))
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> there.test(fields) && !fields[3].equals(TIME_WAIT)).count();
    }

    /** Those that go to a port of one IPv4 address. */
    static long to(String address, int port) {
        StringBuilder reversed = new StringBuilder();
        for (String part : address.split("\\.")) {
            reversed.insert(0, String.format("%02X", Integer.parseInt(part)));
        }
        String there = reversed + String.format(":%04X", port);
        return to(fields -> fields[2].endsWith(there));
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
