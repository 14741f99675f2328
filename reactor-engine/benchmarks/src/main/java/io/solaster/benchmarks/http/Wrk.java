package io.solaster.benchmarks.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.Workplace;

/** Runs wrk from the client's CPU. */
final class Wrk {
    private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");
    private static final Pattern PER_SECOND = Pattern.compile("Requests/sec:\\s+([\\d.]+)");
    private static final Pattern BAD = Pattern.compile("Non-2xx or 3xx responses: (\\d+)|Socket errors: (.*)");

    private final Workplace workplace;
    private final Path pipeline;

    Wrk(Workplace workplace) throws IOException {
        this.workplace = workplace;
        this.pipeline = workplace.file("pipeline.lua");
        Files.writeString(pipeline, """
                init = function(args)
                    local each, all = tonumber(args[1]), {}
                    for i = 1, each do all[i] = wrk.format() end
                    batch = table.concat(all)
                end
                request = function() return batch end
                """);
    }

    /**
     * What is asked for.
     *
     * @param path the request target
     * @param connections kept open
     * @param pipeline requests that are sent at once
     */
    record Load(String path, int connections, int pipeline) {

        @Override
        public String toString() {
            return path + ", " + connections + " connections"
                    + (pipeline == 1 ? "" : ", pipeline " + pipeline);
        }
    }

    HttpRun run(HttpProcess server, Load load, int seconds) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("wrk", "-t1", "-c" + load.connections(), "-d" + seconds + "s",
                // A server that starts, or a machine with other work, may take longer than the 2 s that it would wait.
                "--timeout", "20s"));
        if (load.pipeline() > 1) {
            command.addAll(List.of("-s", pipeline.toString()));
        }
        command.add("http://127.0.0.1:" + server.port() + load.path());
        if (load.pipeline() > 1) {
            command.addAll(List.of("--", Integer.toString(load.pipeline())));
        }
        HttpRun.Meter meter = new HttpRun.Meter(server);
        String printed = Children.run(workplace.clientCpu(), workplace.file("wrk"), seconds + 30, command);
        HttpRun run = meter.read(number(REQUESTS, printed), number(PER_SECOND, printed));
        Matcher bad = BAD.matcher(printed);
        if (bad.find()) {
            throw new IOException(server.name() + ", " + load + ": " + bad.group());
        }
        return run;
    }

    private static double number(Pattern pattern, String printed) throws IOException {
        Matcher matcher = pattern.matcher(printed);
        if (!matcher.find()) {
            throw new IOException("wrk printed no result: " + printed.strip());
        }
        return Double.parseDouble(matcher.group(1));
    }
}
