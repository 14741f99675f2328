package io.solaster.benchmarks.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.Workplace;

/** Runs redis-benchmark from the client's CPU. */
final class RedisBenchmark {
    static final int CONNECTIONS = 50;
    static final int VALUE_BYTES = 64;

    private static final int MOST_SECONDS = 300;
    private static final int RATE_COLUMN = 1;

    private final Workplace workplace;

    RedisBenchmark(Workplace workplace) {
        this.workplace = workplace;
    }

    /**
     * What one run gave.
     *
     * @param cpuMicros the server's CPU time per request
     * @param perSecond requests
     */
    record Run(double cpuMicros, double perSecond) {}

    Run run(Server server, String command, int pipeline, long keys, long requests)
            throws IOException, InterruptedException {
        return run(server, List.of("-t", command.toLowerCase(Locale.ROOT)), pipeline, CONNECTIONS, keys, requests,
                VALUE_BYTES);
    }

    /** @param what options, or the command that is sent */
    Run run(Server server, List<String> what, int pipeline, int connections, long keys, long requests, int valueBytes)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("redis-benchmark", "-p", Integer.toString(server.port()), "-P",
                Integer.toString(pipeline), "-n", Long.toString(requests), "-c", Integer.toString(connections), "-r",
                Long.toString(keys), "-d", Integer.toString(valueBytes), "--csv"));
        command.addAll(what);
        long before = server.cpuNanos();
        String csv = Children.run(workplace.clientCpu(), workplace.file("redis-benchmark"), MOST_SECONDS, command);
        long after = server.cpuNanos();
        return parse(csv, (after - before) / 1000.0 / requests);
    }

    static Run parse(String csv, double cpuMicros) throws IOException {
        List<String> rows = csv.lines().filter(line -> line.startsWith("\"") && !line.startsWith("\"test\"")).toList();
        if (rows.isEmpty()) {
            throw new IOException("redis-benchmark printed no result: " + csv.strip());
        }
        List<String> cells = new ArrayList<>();
        for (String cell : rows.get(rows.size() - 1).split(",", -1)) {
            cells.add(cell.replace("\"", ""));
        }
        return new Run(cpuMicros, Double.parseDouble(cells.get(RATE_COLUMN)));
    }
}
