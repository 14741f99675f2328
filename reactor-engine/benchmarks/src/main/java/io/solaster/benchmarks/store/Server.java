package io.solaster.benchmarks.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.ProcFs;
import io.solaster.benchmarks.rig.Workplace;

/** A server under measurement: a process of its own on one CPU. */
final class Server implements AutoCloseable {
    private static final long START_NANOS = 120_000_000_000L;
    private static final int POLL_MILLIS = 10;
    private static final int END_SECONDS = 60;
    private static final int ALLOCATED = 0;
    private static final int COMMANDS = 1;
    private static final int FOREIGN = 2;
    private static final int HITS = 3;
    private static final int MISSES = 4;
    private static final int TRANSPORT = 5;

    private final String name;
    private final int port;
    private final Process process;
    private final boolean ours;
    private final BufferedReader answers;

    private Server(String name, int port, Process process, boolean ours, Path log)
            throws IOException, InterruptedException {
        this.name = name;
        this.port = port;
        this.process = process;
        this.ours = ours;
        this.answers = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        try {
            awaitPong(log);
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** Starts a redis-server that stores nothing on disk, unless {@code more} of its options say otherwise. */
    static Server redis(Workplace workplace, String name, String... more) throws IOException, InterruptedException {
        int port = freePort();
        Path log = workplace.file(name + ".log");
        List<String> command = new ArrayList<>(List.of("redis-server", "--port", Integer.toString(port), "--bind",
                "127.0.0.1", "--save", "", "--logfile", log.toString(), "--dir", workplace.folder().toString()));
        command.addAll(List.of(more));
        return new Server(name, port, Children.start(workplace.serverCpu(), log, command), false, log);
    }

    /** Starts our store; {@code kept} are its folder and its {@code fsync}, if it is to be kept over a restart. */
    static Server store(Workplace workplace, String name, int shards, String transport, List<String> jvm,
            String... kept) throws IOException, InterruptedException {
        int port = freePort();
        Path log = workplace.file(name + ".log");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "--add-opens=java.base/java.lang=ALL-UNNAMED"));
        // Before the flags: those may name another class path, since the last one counts.
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(jvm);
        command.addAll(List.of(StoreServer.class.getName(), Integer.toString(port), Integer.toString(shards), transport,
                "control"));
        command.addAll(List.of(kept));
        return new Server(name, port, Children.start(workplace.serverCpu(), log, command), true, log);
    }

    private void awaitPong(Path log) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (true) {
            try (RespClient client = new RespClient(port)) {
                client.ask("PING");
                return;
            } catch (IOException e) {
                if (!process.isAlive() || System.nanoTime() - start > START_NANOS) {
                    throw new IOException(name + " did not start:\n" + Files.readString(log), e);
                }
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    String name() {
        return name;
    }

    boolean isOurs() {
        return ours;
    }

    int port() {
        return port;
    }

    RespClient connect() throws IOException {
        return new RespClient(port);
    }

    /** CPU time used so far. */
    long cpuNanos() {
        return ProcFs.cpuNanos(process.pid());
    }

    /** The threads that serve: ids as the kernel counts them. */
    List<String> servingThreads() throws IOException {
        List<String> threads = new ArrayList<>();
        try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc/" + process.pid() + "/task"))) {
            for (Path task : tasks) {
                String id = task.getFileName().toString();
                if (ours ? ProcFs.line(task + "/comm").contains("shard") : id.equals(Long.toString(process.pid()))) {
                    threads.add(id);
                }
            }
        }
        return threads;
    }

    long residentBytes() {
        return ProcFs.residentBytes(process.pid());
    }

    /**
     * What the server has counted so far.
     *
     * @param allocated heap bytes that the shards have allocated; 0 for Redis
     * @param foreign those of the commands that one shard ran for another
     */
    record Counts(long allocated, long commands, long foreign, long hits, long misses) {

        double hitRate(Counts since) {
            long newHits = hits - since.hits;
            long newMisses = misses - since.misses;
            return newHits + newMisses == 0 ? Double.NaN : (double) newHits / (newHits + newMisses);
        }
    }

    Counts counts() throws IOException {
        if (ours) {
            List<String> answer = answer();
            return new Counts(Long.parseLong(answer.get(ALLOCATED)), Long.parseLong(answer.get(COMMANDS)),
                    Long.parseLong(answer.get(FOREIGN)), Long.parseLong(answer.get(HITS)),
                    Long.parseLong(answer.get(MISSES)));
        }
        try (RespClient client = connect()) {
            String info = client.ask("INFO stats");
            return new Counts(0, info(info, "total_commands_processed"), 0, info(info, "keyspace_hits"),
                    info(info, "keyspace_misses"));
        }
    }

    /** The transport that our server has chosen. */
    String transport() throws IOException {
        return answer().get(TRANSPORT);
    }

    private List<String> answer() throws IOException {
        return answer("");
    }

    /** What our server answers to a line on its standard input. */
    private List<String> answer(String question) throws IOException {
        OutputStream control = process.getOutputStream();
        control.write((question + "\n").getBytes(StandardCharsets.US_ASCII));
        control.flush();
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(name + " has ended");
        }
        return List.of(line.split(" ", -1));
    }

    private static long info(String info, String key) {
        return info.lines().filter(line -> line.startsWith(key + ":"))
                .mapToLong(line -> Long.parseLong(line.substring(key.length() + 1).strip())).findFirst().orElseThrow();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Has our server watch for its longest turn from now on. */
    void watchTurns() throws IOException {
        answer(StoreServer.WATCH_TURNS);
    }

    /**
     * What our server has seen since {@link #watchTurns}.
     *
     * @param longestMicros of CPU time of the shard's thread
     * @param collections of garbage
     */
    record Turns(double longestMicros, long collections, long collectionMillis) {}

    Turns turns() throws IOException {
        List<String> answer = answer(StoreServer.TURNS);
        return new Turns(Long.parseLong(answer.get(0)) / 1000.0, Long.parseLong(answer.get(1)),
                Long.parseLong(answer.get(2)));
    }

    /** Memory of the server and of what it has forked, where shared pages count once. */
    long ownBytes() {
        return process.toHandle().descendants().mapToLong(child -> ProcFs.ownBytes(child.pid())).sum()
                + ProcFs.ownBytes(process.pid());
    }

    /** Ends the server in order: what it keeps is on the disk. */
    void shutDown() throws IOException, InterruptedException {
        if (ours) {
            process.getOutputStream().close();
        } else {
            process.destroy();
        }
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException(name + " did not end within " + END_SECONDS + " s");
        }
        close();
    }

    @Override
    public void close() {
        Children.end(process);
    }
}
