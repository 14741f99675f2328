package io.solaster.benchmarks.http;

import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.Workplace;

/** Runs h2load from the client's CPU: HTTP/2 without TLS, spoken from the first byte on. */
final class H2Load {
    static final String TOOL = "h2load";
    private static final int PATIENCE_SECONDS = 10;
    private static final Pattern SUCCEEDED = Pattern
            .compile("requests: .* done, (\\d+) succeeded, (\\d+) failed, (\\d+) errored");
    private static final Pattern PER_SECOND = Pattern.compile("finished in .*, ([\\d.]+) req/s");

    private final Workplace workplace;

    H2Load(Workplace workplace) {
        this.workplace = workplace;
    }

    /**
     * What is asked for.
     *
     * @param path the request target
     * @param connections kept open
     * @param streams requests of each that are under way
     */
    record Load(String path, int connections, int streams) {

        @Override
        public String toString() {
            return path + ", " + connections + " connections, " + streams + " streams each";
        }
    }

    /** Asks for so long, or longer where nothing is answered in that time, as by a server that is still being compiled. */
    HttpRun run(HttpProcess server, Load load, int seconds) throws IOException, InterruptedException {
        HttpRun.Meter meter = new HttpRun.Meter(server);
        String printed = Children.run(workplace.clientCpu(), workplace.file(TOOL), seconds + 30,
                List.of(TOOL, "-t1", "-c" + load.connections(), "-m" + load.streams(), "-D" + seconds,
                        "http://127.0.0.1:" + server.port() + load.path()));
        Matcher requests = SUCCEEDED.matcher(printed);
        Matcher rate = PER_SECOND.matcher(printed);
        if (!requests.find() || !rate.find() || Long.parseLong(requests.group(2)) > 0) {
            throw new IOException(server.name() + ", " + load + ": " + printed.strip());
        }
        if (Long.parseLong(requests.group(1)) > 0) {
            return meter.read(Double.parseDouble(requests.group(1)), Double.parseDouble(rate.group(1)));
        }
        if (seconds > PATIENCE_SECONDS) {
            throw new IOException(server.name() + ", " + load + ": not one answer in " + seconds + " s");
        }
        return run(server, load, 4 * seconds);
    }
}
