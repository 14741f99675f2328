package io.solaster.benchmarks.sends;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Workplace;

/** A server under measurement, on the server's CPU. */
final class Host implements AutoCloseable {
    private static final long START_NANOS = 60_000_000_000L;

    private final String name;
    private final int port;
    private final Process process;
    private final BufferedReader answers;

    private Host(Workplace workplace, String name, int port, List<String> command)
            throws IOException, InterruptedException {
        this.name = name;
        this.port = port;
        Path log = workplace.file(name + ".log");
        process = Children.start(workplace.serverCpu(), log, command);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        long start = System.nanoTime();
        while (!listens()) {
            if (!process.isAlive() || System.nanoTime() - start > START_NANOS) {
                close();
                throw new IOException(name + " did not start:\n" + Files.readString(log));
            }
            Thread.sleep(50);
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** One of {@link SendHost}. */
    static Host ours(Workplace workplace, String name, String kind, String transport, Path directory)
            throws IOException, InterruptedException {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED"));
        command.addAll(workplace.options().jvm());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), SendHost.class.getName(), kind,
                Integer.toString(port), transport, directory.toString()));
        Host host = new Host(workplace, name, port, command);
        host.answers.readLine();
        return host;
    }

    /** Debian's nginx with what it does by default, in one process. */
    static Host nginx(Workplace workplace, String name, Path directory) throws IOException, InterruptedException {
        int port = freePort();
        Path folder = Files.createDirectories(workplace.file(name));
        Path config = folder.resolve("nginx.conf");
        Files.writeString(config, """
                daemon off; master_process off; user root; pid %1$s/pid; error_log %1$s/error.log;
                worker_rlimit_nofile 30000;
                events { worker_connections 20000; }
                http {
                    sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
                    client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi; scgi_temp_path %1$s/scgi;
                    server { listen 127.0.0.1:%2$d backlog=4096; root %3$s; }
                }
                """.formatted(folder, port, directory));
        return new Host(workplace, name, port, List.of("nginx", "-p", folder.toString(), "-c", config.toString()));
    }

    static Host redis(Workplace workplace, String name) throws IOException, InterruptedException {
        int port = freePort();
        return new Host(workplace, name, port, List.of("redis-server", "--port", Integer.toString(port), "--bind",
                "127.0.0.1", "--save", "", "--appendonly", "no", "--logfile",
                workplace.file(name + ".log").toString(), "--maxclients", "20000", "--tcp-backlog", "4096"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    long cpuNanos() {
        return ProcFs.cpuNanos(process.pid());
    }

    long residentBytes() {
        return ProcFs.residentBytes(process.pid());
    }

    /** Bytes in use on the heap and off it: of {@link SendHost} only. */
    long[] usedBytes() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(name + " has ended");
        }
        String[] parts = line.split(" ", -1);
        return new long[]{Long.parseLong(parts[0]), Long.parseLong(parts[1])};
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
