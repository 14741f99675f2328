package io.solaster.benchmarks.http;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Workplace;

/** An {@link HttpHost}, or its like, that runs on the server's CPU. */
final class HttpProcess implements AutoCloseable {
    /** What it prints once it listens, with what it runs on behind it. */
    static final String READY = "ready on ";

    private final String name;
    private final int port;
    private final Process process;
    private final String transport;

    /** Starts one, and waits until it listens. */
    HttpProcess(Workplace workplace, String name, String peer) throws IOException {
        this(workplace, name, System.getProperty("java.class.path"), HttpHost.class.getName(), peer);
    }

    /**
     * Starts another program that takes the same arguments, and waits until it listens.
     *
     * @param main its class
     */
    HttpProcess(Workplace workplace, String name, String classPath, String main, String peer) throws IOException {
        this.name = name;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        Path log = workplace.file(name + ".log");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED"));
        command.addAll(workplace.options().jvm());
        command.addAll(List.of("-cp", classPath, main, peer,
                Integer.toString(port), workplace.options().transport()));
        process = Children.start(workplace.serverCpu(), log, command);
        BufferedReader out = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine();
        while (line != null && !line.startsWith(READY)) {
            line = out.readLine();
        }
        if (line == null) {
            close();
            throw new IOException(name + " did not start:\n" + Files.readString(log));
        }
        transport = line.substring(READY.length());
        Thread rest = new Thread(() -> out.lines().forEach(ignored -> {}));
        rest.setDaemon(true);
        rest.start();
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    /** What it runs on. */
    String transport() {
        return transport;
    }

    long cpuNanos() {
        return ProcFs.cpuNanos(process.pid());
    }

    long userNanos() {
        return ProcFs.userNanos(process.pid());
    }

    @Override
    public String toString() {
        return name;
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
