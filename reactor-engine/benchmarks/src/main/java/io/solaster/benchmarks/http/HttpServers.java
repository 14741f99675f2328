package io.solaster.benchmarks.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Settling;

/** HTTP servers that run at the same time, of which one is asked at a time. */
final class HttpServers implements AutoCloseable {
    private final List<HttpProcess> servers = new ArrayList<>();

    /** How one of them is started. */
    @FunctionalInterface
    interface Start {
        HttpProcess start() throws IOException;
    }

    /** How one of them is asked. */
    @FunctionalInterface
    interface Once {
        HttpRun run(HttpProcess server) throws IOException, InterruptedException;
    }

    /** Starts one more; ends all if that fails. */
    void start(Start start) throws IOException {
        try {
            servers.add(start.start());
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    List<HttpProcess> all() {
        return List.copyOf(servers);
    }

    HttpProcess get(String name) {
        for (HttpProcess server : servers) {
            if (server.name().equals(name)) {
                return server;
            }
        }
        throw new IllegalArgumentException(name + ": not among " + servers);
    }

    /** Asks each in each round, and forgets what that gives. */
    void warmUp(Object what, Once once) throws IOException, InterruptedException {
        Report.progress(what + ", warm-up");
        for (HttpProcess server : servers) {
            once.run(server);
        }
    }

    /**
     * Asks each until its CPU per request has settled.
     *
     * @param most how often at most
     * @return the names of those where it had not
     */
    List<String> settle(Object what, int most, Once once) throws IOException, InterruptedException {
        List<String> restless = new ArrayList<>();
        for (HttpProcess server : servers) {
            Report.progress(what + ", until " + server.name() + " has settled");
            Settling settling = new Settling();
            for (int i = 0; i < most && !settling.isSettled(); i++) {
                settling.look(once.run(server).cpuMicros());
            }
            if (!settling.isSettled()) {
                restless.add(server.name());
            }
        }
        return restless;
    }

    /** Asks each once in each round. */
    HttpFigures rounds(int rounds, Object what, Once once) throws IOException, InterruptedException {
        HttpFigures figures = new HttpFigures(what.toString());
        for (int round = 0; round < rounds; round++) {
            Report.progress(what + ", round " + (round + 1) + " of " + rounds);
            for (HttpProcess server : servers) {
                figures.add(server.name(), once.run(server));
            }
        }
        return figures;
    }

    /** A table with a column for each, that says first what they run on. */
    MarkdownTable table() {
        List<String> heads = new ArrayList<>(List.of(""));
        List<String> transports = new ArrayList<>(List.of("transport"));
        for (HttpProcess server : servers) {
            heads.add(server.name());
            transports.add(server.transport());
        }
        return new MarkdownTable(heads.toArray(String[]::new)).row(transports.toArray(String[]::new));
    }

    @Override
    public void close() {
        servers.forEach(HttpProcess::close);
    }
}
