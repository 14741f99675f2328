package io.solaster.benchmarks.store;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Workplace;

/** CPU per {@code XADD}, {@code XREADGROUP} of one entry, and {@code XACK} of it, with pipeline 16: what redis-benchmark does not send. */
final class StreamCost implements Measure {
    private static final int PIPELINE = 16;
    private static final int CONNECTIONS = 8;
    private static final int WARM_UPS = 4;
    private static final double GOAL = 0.6;
    private static final List<String> COMMANDS = List.of("XADD", "XREADGROUP", "XACK");
    private static final String VALUE = "x".repeat(RedisBenchmark.VALUE_BYTES);

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.redis(workplace, "Redis again"));
            servers.add(Server.store(workplace, "us", 1, options.transport(), options.jvm()));
            int each = (int) Math.max(PIPELINE, options.requests() / CONNECTIONS / PIPELINE * PIPELINE);
            for (int i = 0; i < WARM_UPS; i++) {
                Report.progress("warming up streams");
                round(servers.get(2), each);
            }
            List<List<Throughput.Figures>> all = new ArrayList<>();
            for (int i = 0; i < COMMANDS.size(); i++) {
                List<Throughput.Figures> figures = new ArrayList<>();
                servers.forEach(server -> figures.add(new Throughput.Figures(options.rounds())));
                all.add(figures);
            }
            for (int round = 0; round < options.rounds(); round++) {
                Report.progress("streams, round " + (round + 1) + " of " + options.rounds());
                for (int server = 0; server < servers.size(); server++) {
                    List<RedisBenchmark.Run> runs = round(servers.get(server), each);
                    for (int i = 0; i < COMMANDS.size(); i++) {
                        all.get(i).get(server).add(round, runs.get(i));
                    }
                }
            }
            report.section("Streams and their groups (`streams`)", "One shard, " + CONNECTIONS
                    + " connections, one stream, entries of one field of 64 bytes, pipeline 16; CPU per operation, in bold"
                    + " the ratio to Redis. Transport: " + servers.get(2).transport() + ".");
            MarkdownTable table = Compare.table(servers, "A/A noise");
            for (int i = 0; i < COMMANDS.size(); i++) {
                List<Throughput.Figures> figures = all.get(i);
                List<String> cells = Compare.cells(COMMANDS.get(i), figures);
                double noise = figures.get(1).cpuNoise(figures.get(0));
                cells.add(Statistics.digits(100 * noise) + " %");
                table.row(cells.toArray(String[]::new));
                report.atMost("CPU per " + COMMANDS.get(i) + ", pipeline 16", figures.get(2).cpuRatio(figures.get(0)),
                        GOAL,
                        " of Redis", noise);
            }
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static List<RedisBenchmark.Run> round(Server server, int each) throws IOException, InterruptedException {
        try (RespClient client = server.connect()) {
            client.ask("FLUSHALL");
            client.ask("XGROUP CREATE stream group 0 MKSTREAM");
        }
        List<Connection> connections = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(CONNECTIONS)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                connections.add(new Connection(server.port(), each));
            }
            List<RedisBenchmark.Run> runs = new ArrayList<>();
            for (String command : COMMANDS) {
                long cpu = server.cpuNanos();
                long begun = System.nanoTime();
                List<Future<?>> all = new ArrayList<>();
                for (Connection connection : connections) {
                    all.add(threads.submit(() -> {
                        connection.send(command);
                        return true;
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
                long requests = (long) each * CONNECTIONS;
                runs.add(new RedisBenchmark.Run((server.cpuNanos() - cpu) / 1000.0 / requests,
                        requests * 1e9 / (System.nanoTime() - begun)));
            }
            return runs;
        } catch (ExecutionException failure) {
            throw new IOException(server.name() + ": " + failure.getCause(), failure);
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    /** One connection, with the ids that it was answered. Of one thread at a time. */
    private static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;
        private final int each;
        private final List<String> ids = new ArrayList<>();
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Connection(int port, int each) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream(), 64 << 10);
            this.each = each;
        }

        void send(String command) throws IOException {
            for (int done = 0; done < each; done += PIPELINE) {
                for (int i = 0; i < PIPELINE; i++) {
                    switch (command) {
                        case "XADD" -> write("XADD", "stream", "*", "field", VALUE);
                        case "XREADGROUP" ->
                            write("XREADGROUP", "GROUP", "group", "one", "COUNT", "1", "STREAMS", "stream", ">");
                        default -> write("XACK", "stream", "group", ids.get(done + i));
                    }
                }
                out.writeTo(socket.getOutputStream());
                out.reset();
                for (int i = 0; i < PIPELINE; i++) {
                    String reply = reply();
                    if (command.equals("XADD")) {
                        ids.add(reply);
                    } else if (!reply.equals(command.equals("XACK") ? "1" : "*")) {
                        throw new IOException(command + " was answered with " + reply);
                    }
                }
            }
        }

        private void write(String... words) {
            StringBuilder text = new StringBuilder("*").append(words.length).append("\r\n");
            for (String word : words) {
                text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
            }
            out.writeBytes(text.toString().getBytes(StandardCharsets.US_ASCII));
        }

        private String reply() throws IOException {
            String line = line();
            int number = line.charAt(0) == '$' || line.charAt(0) == '*' ? Integer.parseInt(line.substring(1)) : 0;
            return switch (line.charAt(0)) {
                case '$' -> {
                    String text = number < 0 ? "" : new String(in.readNBytes(number), StandardCharsets.US_ASCII);
                    if (number >= 0) {
                        line();
                    }
                    yield text;
                }
                case '*' -> {
                    for (int i = 0; i < number; i++) {
                        reply();
                    }
                    yield number < 0 ? "nothing" : "*";
                }
                default -> line.substring(1);
            };
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            int next;
            while ((next = in.read()) != '\r') {
                if (next < 0) {
                    throw new IOException("the server has closed the connection");
                }
                line.append((char) next);
            }
            if (in.read() != '\n') {
                throw new IOException("a line does not end");
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
