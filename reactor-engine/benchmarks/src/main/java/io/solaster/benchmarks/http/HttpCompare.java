package io.solaster.benchmarks.http;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Suite;
import io.solaster.benchmarks.rig.Workplace;

/**
 * Runs HTTP servers in turn on one CPU and prints what each costs per request. Started by {@code http.sh}; the README
 * says what each measure means.
 */
public final class HttpCompare {
    private static final String VERTX = "Vert.x";
    private static final String VERTX_AGAIN = "Vert.x again";
    private static final String OURS = "Solaster";
    private static final String REACTOR_NETTY = "Reactor Netty";
    private static final String REACTOR_NETTY_AGAIN = "Reactor Netty again";
    private static final String NETTY = "Netty, codec only";
    private static final String UNDERTOW = "Undertow";
    private static final String HELIDON = "Helidon";
    /** By name, what {@link HttpHost} calls them. */
    private static final Map<String, String> PEERS = Map.of(VERTX, "vertx", VERTX_AGAIN, "vertx", OURS, "solaster",
            REACTOR_NETTY, "reactor-netty", NETTY, "netty", UNDERTOW, "undertow", HELIDON, "helidon");

    private static final Suite SUITE = new Suite(Options.HTTP_USAGE, 5, "taskset", "wrk").pinned()
            .transport("epoll")
            .with("requests", HttpCompare::requests)
            .with("http2", HttpCompare::http2)
            .with("latency", HttpCompare::latency)
            .with("websocket", HttpCompare::webSocket)
            .with("webflux", HttpCompare::webFlux);

    private HttpCompare() {}

    public static void main(String[] args) {
        System.exit(SUITE.run(args));
    }

    private static HttpServers start(Workplace workplace, String... names) throws IOException {
        HttpServers servers = new HttpServers();
        for (String name : names) {
            servers.start(() -> new HttpProcess(workplace, name, PEERS.getOrDefault(name, name)));
        }
        return servers;
    }

    private static HttpServers all(Workplace workplace) throws IOException {
        return start(workplace, VERTX, VERTX_AGAIN, OURS, REACTOR_NETTY, NETTY, UNDERTOW, HELIDON);
    }

    /** How long a round asks one server. */
    private static int seconds(Workplace workplace) {
        return workplace.options().quick() ? 1 : 2;
    }

    /**
     * Asks the servers for each of some loads; before, each is asked for a round's time, and for the first load three times
     * as long.
     */
    private static <L> Map<L, HttpFigures> loads(Workplace workplace, HttpServers servers, List<L> loads, Ask<L> ask)
            throws IOException, InterruptedException {
        int seconds = seconds(workplace);
        Map<L, HttpFigures> figures = new LinkedHashMap<>();
        // All at first, so that none is measured before its neighbours are compiled.
        for (L load : loads) {
            int rounds = load.equals(loads.getFirst()) ? 3 : 1;
            servers.warmUp(load, server -> ask.run(server, load, rounds * seconds));
        }
        for (L load : loads) {
            figures.put(load, servers.rounds(workplace.options().rounds(), load,
                    server -> ask.run(server, load, seconds)));
        }
        return figures;
    }

    /** The same for servers that take long to compile: each is asked for each load until that costs the same again. */
    private static <L> Map<L, HttpFigures> settledLoads(Workplace workplace, Report report, HttpServers servers,
            List<L> loads, Ask<L> ask) throws IOException, InterruptedException {
        int seconds = seconds(workplace);
        boolean quick = workplace.options().quick();
        for (L load : loads) {
            int most = quick ? 1 : load.equals(loads.getFirst()) ? 9 : 4;
            List<String> restless = servers.settle(load, most, server -> ask.run(server, load, seconds));
            if (!restless.isEmpty()) {
                report.line("· " + load + ": not settled after " + most * seconds + " s: "
                        + String.join(", ", restless));
            }
        }
        Map<L, HttpFigures> figures = new LinkedHashMap<>();
        for (L load : loads) {
            // Short ones, for the median of more.
            figures.put(load,
                    servers.rounds(2 * workplace.options().rounds(), load, server -> ask.run(server, load, 1)));
        }
        return figures;
    }

    /** How a server is asked for a load. */
    @FunctionalInterface
    private interface Ask<L> {
        HttpRun run(HttpProcess server, L load, int seconds) throws IOException, InterruptedException;
    }

    private static void report(Report report, HttpServers servers, Map<?, HttpFigures> figures, String base,
            String title, String method) {
        report.section(title, method + "; in bold the ratio to " + base + " of CPU per request.");
        MarkdownTable table = servers.table();
        figures.values().forEach(each -> table.row(each.row(base)));
        report.table(table);
    }

    private static void requests(Workplace workplace, Report report) throws IOException, InterruptedException {
        List<Wrk.Load> loads = List.of(new Wrk.Load("/plaintext", 64, 1), new Wrk.Load("/plaintext", 256, 1),
                new Wrk.Load("/plaintext", 64, 16), new Wrk.Load("/json", 64, 1));
        try (HttpServers servers = all(workplace)) {
            Map<Wrk.Load, HttpFigures> figures = loads(workplace, servers, loads, new Wrk(workplace)::run);
            figures.forEach((load, each) -> goals(report, load, each));
            report(report, servers, figures, VERTX, "Server CPU per request, user CPU of it, and throughput"
                    + " (`requests`)", "One event loop on one CPU, wrk on the other");
        }
    }

    private static void goals(Report report, Wrk.Load load, HttpFigures figures) {
        double noise = figures.noise(VERTX_AGAIN, VERTX);
        double most = load.path().equals("/json") ? 0.9 : load.pipeline() > 1 ? 0.6 : 0.98;
        report.atMost("CPU, " + load, figures.ratio(OURS, VERTX), most, " of Vert.x", noise);
        if (load.path().equals("/plaintext") && load.pipeline() == 1) {
            report.atMost("user CPU, " + load, figures.userRatio(OURS, VERTX), 0.7, " of Vert.x",
                    Math.abs(figures.userRatio(VERTX_AGAIN, VERTX) - 1));
            report.atMost("CPU, " + load, figures.ratio(OURS, REACTOR_NETTY), 0.82, " of Reactor Netty", noise);
        }
    }

    private static void http2(Workplace workplace, Report report) throws IOException, InterruptedException {
        if (!Workplace.isInstalled(H2Load.TOOL)) {
            report.line("\nSkipped `http2`: h2load is not installed (Debian: nghttp2-client)");
            return;
        }
        List<H2Load.Load> loads = List.of(new H2Load.Load("/plaintext", 64, 32));
        try (HttpServers servers = start(workplace, VERTX, VERTX_AGAIN, OURS, REACTOR_NETTY, UNDERTOW)) {
            Map<H2Load.Load, HttpFigures> figures = settledLoads(workplace, report, servers, loads,
                    new H2Load(workplace)::run);
            figures.forEach((load, each) -> report.figure("CPU, HTTP/2, " + load, each.ratio(OURS, VERTX), " of Vert.x",
                    each.noise(VERTX_AGAIN, VERTX)));
            report(report, servers, figures, VERTX, "HTTP/2 (`http2`)", "Without TLS, one event loop on one CPU,"
                    + " h2load on the other; server CPU per request, user CPU of it, and throughput");
        }
    }

    private static void latency(Workplace workplace, Report report) throws IOException, InterruptedException {
        try (HttpServers servers = all(workplace)) {
            new HttpLatency(workplace, servers).run(OURS, VERTX_AGAIN, report);
        }
    }

    private static void webSocket(Workplace workplace, Report report) throws IOException, InterruptedException {
        try (HttpServers servers = start(workplace, VERTX, VERTX_AGAIN, OURS, REACTOR_NETTY)) {
            new HttpWebSockets(workplace.options(), servers).run(OURS, VERTX, VERTX_AGAIN, report);
        }
    }

    /** The same Spring application on three servers. */
    private static void webFlux(Workplace workplace, Report report) throws IOException, InterruptedException {
        String classPath = springClassPath();
        if (classPath.isEmpty()) {
            report.line("\nSkipped `webflux`: its application is not built; run http.sh without SKIP_BUILD");
            return;
        }
        Map<String, String> peers = new LinkedHashMap<>();
        peers.put(REACTOR_NETTY, "reactor-netty");
        peers.put(REACTOR_NETTY_AGAIN, "reactor-netty");
        peers.put("Reactor Netty on the shards", "shards");
        peers.put(OURS, "solaster");
        List<Wrk.Load> loads = List.of(new Wrk.Load("/plaintext", 64, 1), new Wrk.Load("/json", 64, 1),
                new Wrk.Load("/users/7", 64, 1));
        try (HttpServers servers = new HttpServers()) {
            for (Map.Entry<String, String> peer : peers.entrySet()) {
                servers.start(() -> new HttpProcess(workplace, peer.getKey(), classPath,
                        "io.solaster.boot.web.WebFluxHost", peer.getValue()));
            }
            Map<Wrk.Load, HttpFigures> figures = settledLoads(workplace, report, servers, loads,
                    new Wrk(workplace)::run);
            figures.forEach((load, each) -> report.atMost("CPU, WebFlux, " + load, each.ratio(OURS, REACTOR_NETTY),
                    0.85, " of Reactor Netty", each.noise(REACTOR_NETTY_AGAIN, REACTOR_NETTY)));
            report(report, servers, figures, REACTOR_NETTY, "WebFlux (`webflux`)", "Annotated controllers, the same"
                    + " application on each server, one event loop on one CPU; server CPU per request, user CPU of it,"
                    + " and throughput");
        }
    }

    /** Of the starter's tests, as {@code http.sh} has written it down: this module must not depend on the starter. */
    private static String springClassPath() throws IOException {
        Path target = Path.of(System.getProperty("solaster.root", ""), "starter-autoconfigure", "autoconfigure",
                "target");
        Path dependencies = target.resolve("test-classpath");
        return Files.exists(dependencies)
                ? target.resolve("test-classes") + File.pathSeparator + target.resolve("classes") + File.pathSeparator
                        + Files.readString(dependencies).strip()
                : "";
    }
}
