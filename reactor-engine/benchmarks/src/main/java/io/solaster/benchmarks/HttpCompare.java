package io.solaster.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Runs HTTP servers in turn on one CPU and prints what each costs per request. Started by {@code http.sh}; the README
 * says what each measure means.
 */
public final class HttpCompare {
    private static final String VERTX = "Vert.x";
    private static final String VERTX_AGAIN = "Vert.x again";
    private static final String OURS = "Solaster";
    /** Of messages that are broadcast at the same time. */
    private static final int SENDERS = 16;
    private static final String REACTOR_NETTY = "Reactor Netty";
    private static final String REACTOR_NETTY_AGAIN = "Reactor Netty again";

    private static final Suite SUITE = new Suite(Options.HTTP_USAGE, 5, "taskset", "wrk").pinned()
            .with("requests", HttpCompare::requests)
            .with("latency", HttpCompare::latency)
            .with("websocket", HttpCompare::webSocket)
            .with("webflux", HttpCompare::webFlux).onDemand("webflux");

    private HttpCompare() {}

    public static void main(String[] args) {
        System.exit(SUITE.run(args));
    }

    /** What is compared, by the name that is printed. */
    private static Map<String, String> peers() {
        Map<String, String> peers = new LinkedHashMap<>();
        peers.put(VERTX, "vertx");
        peers.put(VERTX_AGAIN, "vertx");
        peers.put(OURS, "solaster");
        peers.put(REACTOR_NETTY, "reactor-netty");
        peers.put("Netty, codec only", "netty");
        peers.put("Undertow", "undertow");
        peers.put("Helidon", "helidon");
        return peers;
    }

    private static void requests(Workplace workplace, Report report) throws IOException, InterruptedException {
        List<Wrk.Load> loads = List.of(new Wrk.Load("/plaintext", 64, 1), new Wrk.Load("/plaintext", 256, 1),
                new Wrk.Load("/plaintext", 64, 16), new Wrk.Load("/json", 64, 1));
        Options options = workplace.options();
        int seconds = options.quick() ? 1 : 3;
        Wrk wrk = new Wrk(workplace);
        Map<String, HttpProcess> servers = start(workplace, peers());
        try {
            Report.progress("warming up");
            for (Wrk.Load load : loads) {
                for (HttpProcess server : servers.values()) {
                    wrk.run(server, load, 2 * seconds);
                }
            }
            List<String> heads = new ArrayList<>(List.of(""));
            heads.addAll(servers.keySet());
            MarkdownTable table = new MarkdownTable(heads.toArray(String[]::new));
            for (Wrk.Load load : loads) {
                Map<String, Figures> figures = rounds(options.rounds(), load, servers,
                        server -> wrk.run(server, load, seconds));
                table.row(cells(load.toString(), figures));
                goals(report, load, figures);
            }
            report.section("Server CPU per request, user CPU of it, and throughput (`requests`)",
                    "One event loop on one CPU, wrk on the other; in bold the ratio to Vert.x of CPU per request.");
            report.table(table);
        } finally {
            servers.values().forEach(HttpProcess::close);
        }
    }

    private static void goals(Report report, Wrk.Load load, Map<String, Figures> figures) {
        Figures ours = figure(figures, OURS);
        Figures vertx = figure(figures, VERTX);
        double noise = Statistics.noise(figure(figures, VERTX_AGAIN).cpu, vertx.cpu);
        double most = load.path().equals("/json") ? 0.9 : load.pipeline() > 1 ? 0.6 : 0.98;
        report.atMost("CPU, " + load, Statistics.ratio(ours.cpu, vertx.cpu), most, " of Vert.x", noise);
        if (load.path().equals("/plaintext") && load.pipeline() == 1) {
            report.atMost("user CPU, " + load, Statistics.ratio(ours.user, vertx.user), 0.7, " of Vert.x", noise);
            report.atMost("CPU, " + load, Statistics.ratio(ours.cpu, figure(figures, REACTOR_NETTY).cpu), 0.82,
                    " of Reactor Netty", noise);
        }
    }

    private static void latency(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        int rounds = options.rounds();
        Duration length = Duration.ofSeconds(options.quick() ? 1 : 4);
        Wrk wrk = new Wrk(workplace);
        Map<String, HttpProcess> servers = start(workplace, peers());
        try {
            Wrk.Load load = new Wrk.Load("/plaintext", 64, 1);
            Map<String, Figures> peaks = rounds(2, load, servers,
                    server -> wrk.run(server, load, options.quick() ? 1 : 3));
            MarkdownTable table = new MarkdownTable("", "requests/s", "p99", "ours", "ratio", "p99.9", "ours", "A/A");
            for (HttpProcess peer : servers.values()) {
                if (peer.name().equals(OURS) || peer.name().equals(VERTX_AGAIN)) {
                    continue;
                }
                double rate = Statistics.median(figure(peaks, peer.name()).perSecond) / 2;
                double[][] p99 = new double[3][rounds];
                double[][] p999 = new double[3][rounds];
                for (int round = -1; round < rounds; round++) {
                    Report.progress("beside " + peer.name() + ", " + Math.round(rate) + " requests/s, round "
                            + (round + 1) + " of " + rounds);
                    List<HttpProcess> turns = List.of(peer, Objects.requireNonNull(servers.get(OURS)), peer);
                    for (int turn = 0; turn < turns.size(); turn++) {
                        try (LoadGenerator generator = new LoadGenerator(turns.get(turn).port(), 64,
                                new HttpWire("/plaintext"), round)) {
                            LoadGenerator.Result result = generator.run(rate, length.dividedBy(4), length);
                            if (round >= 0) {
                                p99[turn][round] = result.micros(99);
                                p999[turn][round] = result.micros(99.9);
                            }
                        }
                    }
                }
                double ratio = Statistics.ratio(p99[1], p99[0]);
                double noise = Statistics.noise(p99[2], p99[0]);
                table.row(peer.name(), Long.toString(Math.round(rate)), micros(p99[0]), micros(p99[1]),
                        Statistics.digits(ratio), micros(p999[0]), micros(p999[1]),
                        Statistics.digits(100 * noise) + " %");
                report.atMost("p99 at half of the peak of " + peer.name(), ratio, 1, " of its", noise);
            }
            report.section("Latency at half of each peer's peak (`latency`)", "`/plaintext` on 64 connections, both at"
                    + " the same rate; µs from when a request was due.");
            report.table(table);
        } finally {
            servers.values().forEach(HttpProcess::close);
        }
    }

    private static String micros(double[] values) {
        return Statistics.digits(Statistics.median(values)) + " µs";
    }

    private static Map<String, HttpProcess> start(Workplace workplace, Map<String, String> peers)
            throws IOException {
        Map<String, HttpProcess> servers = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, String> peer : peers.entrySet()) {
                servers.put(peer.getKey(), new HttpProcess(workplace, peer.getKey(), peer.getValue()));
            }
            return servers;
        } catch (IOException e) {
            servers.values().forEach(HttpProcess::close);
            throw e;
        }
    }

    private static void webSocket(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        long nanos = options.quick() ? 200_000_000L : 3_000_000_000L;
        Map<String, String> peers = peers();
        peers.keySet().retainAll(List.of(VERTX, VERTX_AGAIN, OURS, REACTOR_NETTY));
        Map<String, HttpProcess> servers = start(workplace, peers);
        try {
            Map<String, Figures> echo = webSocket(options.rounds(), servers, "/echo", 64,
                    load -> load.echo(nanos));
            Map<String, Figures> broadcast = webSocket(options.rounds(), servers, "/room", options.quick() ? 100 : 1000,
                    load -> load.broadcast(1, nanos));
            Map<String, Figures> chatter = webSocket(options.rounds(), servers, "/room", options.quick() ? 100 : 1000,
                    load -> load.broadcast(SENDERS, nanos));
            report.section("WebSocket (`websocket`)", "Binary messages of 128 bytes; server CPU per message that came"
                    + " back, in bold its ratio to Vert.x.");
            List<String> heads = new ArrayList<>(List.of(""));
            heads.addAll(servers.keySet());
            report.table(new MarkdownTable(heads.toArray(String[]::new)).row(cells("echo, 64 connections", echo))
                    .row(cells("broadcast to 1,000 connections, 1 message at a time", broadcast))
                    .row(cells("broadcast to 1,000 connections, " + SENDERS + " messages at a time", chatter)));
            report.atMost("CPU, WebSocket echo", Statistics.ratio(figure(echo, OURS).cpu, figure(echo, VERTX).cpu), 0.9,
                    " of Vert.x", Statistics.noise(figure(echo, VERTX_AGAIN).cpu, figure(echo, VERTX).cpu));
            deliveries(report, "1 message", broadcast);
            deliveries(report, SENDERS + " messages", chatter);
        } finally {
            servers.values().forEach(HttpProcess::close);
        }
    }

    /** The same Spring application on three servers. */
    private static void webFlux(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        int seconds = options.quick() ? 1 : 3;
        Map<String, String> peers = new LinkedHashMap<>();
        peers.put(REACTOR_NETTY, "reactor-netty");
        peers.put(REACTOR_NETTY_AGAIN, "reactor-netty");
        peers.put("Reactor Netty on the shards", "shards");
        peers.put(OURS, "solaster");
        String classPath = springClassPath();
        Wrk wrk = new Wrk(workplace);
        Map<String, HttpProcess> servers = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, String> peer : peers.entrySet()) {
                servers.put(peer.getKey(), new HttpProcess(workplace, peer.getKey(), classPath,
                        "io.solaster.boot.web.WebFluxHost", peer.getValue()));
            }
            List<Wrk.Load> loads = List.of(new Wrk.Load("/plaintext", 64, 1), new Wrk.Load("/json", 64, 1),
                    new Wrk.Load("/users/7", 64, 1));
            Report.progress("warming up");
            for (Wrk.Load load : loads) {
                for (HttpProcess server : servers.values()) {
                    wrk.run(server, load, 4 * seconds);
                }
            }
            List<String> heads = new ArrayList<>(List.of(""));
            heads.addAll(servers.keySet());
            MarkdownTable table = new MarkdownTable(heads.toArray(String[]::new));
            for (Wrk.Load load : loads) {
                Map<String, Figures> figures = rounds(options.rounds(), load, servers,
                        server -> wrk.run(server, load, seconds));
                table.row(cells(load.toString(), figures, REACTOR_NETTY));
                report.atMost("CPU, WebFlux, " + load,
                        Statistics.ratio(figure(figures, OURS).cpu, figure(figures, REACTOR_NETTY).cpu), 0.85,
                        " of Reactor Netty",
                        Statistics.noise(figure(figures, REACTOR_NETTY_AGAIN).cpu, figure(figures, REACTOR_NETTY).cpu));
            }
            report.section("WebFlux (`webflux`)",
                    "Annotated controllers, the same application on each server, one event"
                            + " loop on one CPU; server CPU per request, user CPU of it, and throughput; in bold the ratio to"
                            + " Reactor Netty of CPU.");
            report.table(table);
        } finally {
            servers.values().forEach(HttpProcess::close);
        }
    }

    /** Of the starter's tests, as {@code http.sh} has written it down: this module must not depend on the starter. */
    private static String springClassPath() throws IOException {
        Path target = Path.of(System.getProperty("solaster.root"), "starter-autoconfigure", "autoconfigure", "target");
        Path dependencies = target.resolve("test-classpath");
        if (!Files.exists(dependencies)) {
            throw new Workplace.Missing("the WebFlux application is not built: run http.sh without SKIP_BUILD");
        }
        return target.resolve("test-classes") + File.pathSeparator + target.resolve("classes") + File.pathSeparator
                + Files.readString(dependencies).strip();
    }

    private static void deliveries(Report report, String what, Map<String, Figures> figures) {
        Figures vertx = figure(figures, VERTX);
        report.atLeast("deliveries per CPU-second, broadcast of " + what + " at a time",
                Statistics.ratio(vertx.cpu, figure(figures, OURS).cpu), 1.3, " x Vert.x",
                Statistics.noise(figure(figures, VERTX_AGAIN).cpu, vertx.cpu));
    }

    private static Map<String, Figures> webSocket(int rounds, Map<String, HttpProcess> servers, String path,
            int connections, Sent sent) throws IOException, InterruptedException {
        Map<String, WebSocketLoad> loads = new LinkedHashMap<>();
        try {
            for (HttpProcess server : servers.values()) {
                loads.put(server.name(), new WebSocketLoad(server.port(), path, connections));
            }
            Once once = server -> {
                long cpu = server.cpuNanos();
                long user = server.userNanos();
                long start = System.nanoTime();
                WebSocketLoad load = loads.get(server.name());
                long messages = load == null ? 0 : sent.by(load);
                double seconds = (System.nanoTime() - start) / 1e9;
                return new Wrk.Run((server.cpuNanos() - cpu) / 1000.0 / messages,
                        (server.userNanos() - user) / 1000.0 / messages, messages / seconds);
            };
            rounds(1, path + ", warm-up", servers, once);
            return rounds(rounds, path, servers, once);
        } finally {
            for (WebSocketLoad load : loads.values()) {
                load.close();
            }
        }
    }

    private static Map<String, Figures> rounds(int rounds, Object what, Map<String, HttpProcess> servers, Once once)
            throws IOException, InterruptedException {
        Map<String, Figures> figures = new LinkedHashMap<>();
        servers.keySet().forEach(name -> figures.put(name, new Figures(rounds)));
        for (int round = 0; round < rounds; round++) {
            Report.progress(what + ", round " + (round + 1) + " of " + rounds);
            for (HttpProcess server : servers.values()) {
                figure(figures, server.name()).set(round, once.run(server));
            }
        }
        return figures;
    }

    private static String[] cells(String load, Map<String, Figures> figures) {
        return cells(load, figures, VERTX);
    }

    private static String[] cells(String load, Map<String, Figures> figures, String other) {
        List<String> cells = new ArrayList<>(List.of(load));
        Figures base = figure(figures, other);
        figures.forEach((name, each) -> cells.add(each + (each == base
                ? ""
                : ", **" + Statistics.digits(Statistics.ratio(each.cpu, base.cpu)) + "**")));
        return cells.toArray(String[]::new);
    }

    private static Figures figure(Map<String, Figures> figures, String name) {
        Figures found = figures.get(name);
        if (found == null) {
            throw new IllegalArgumentException(name);
        }
        return found;
    }

    @FunctionalInterface
    private interface Once {
        Wrk.Run run(HttpProcess server) throws IOException, InterruptedException;
    }

    @FunctionalInterface
    private interface Sent {
        long by(WebSocketLoad load) throws IOException;
    }

    /** The rounds of one server under one load. */
    private static final class Figures {
        final double[] cpu;
        final double[] user;
        final double[] perSecond;

        Figures(int rounds) {
            cpu = new double[rounds];
            user = new double[rounds];
            perSecond = new double[rounds];
        }

        void set(int round, Wrk.Run run) {
            cpu[round] = run.cpuMicros();
            user[round] = run.userMicros();
            perSecond[round] = run.perSecond();
        }

        @Override
        public String toString() {
            return Statistics.digits(Statistics.median(cpu)) + " µs (" + Statistics.digits(Statistics.median(user))
                    + "), " + Statistics.digits(Statistics.median(perSecond) / 1000) + " k/s";
        }
    }
}
