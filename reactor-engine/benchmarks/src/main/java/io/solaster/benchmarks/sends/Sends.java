package io.solaster.benchmarks.sends;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.MarkdownTable;
import io.solaster.benchmarks.rig.Options;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Statistics;
import io.solaster.benchmarks.rig.Suite;
import io.solaster.benchmarks.rig.Workplace;

/**
 * What large answers and idle connections cost, servers in turn on one CPU. Started by {@code sends.sh}; the README says what
 * each measure means.
 */
public final class Sends {
    private static final int FILE_BYTES = 64 << 10;
    private static final int LARGE_BYTES = 1 << 20;
    private static final int FILE_CONNECTIONS = 64;
    private static final int VALUE_CONNECTIONS = 10;
    private static final int VALUES = 16;
    /** Rounds that do not count: compilers share the server's CPU. */
    private static final int WARM_UPS = 5;
    private static final int IDLE_CONNECTIONS = 10_000;
    private static final int FEW_CONNECTIONS = 100;
    private static final int MOST_SECONDS = 300;
    private static final long SETTLE_MILLIS = 3_000;
    private static final Pattern WRK_REQUESTS = Pattern.compile("(\\d+) requests in");
    private static final String PING = "PING\r\n";
    private static final List<String> TRANSPORTS = List.of("epoll", "io_uring");

    private Sends() {}

    public static void main(String[] args) {
        System.exit(
                new Suite("sends.sh [--quick] [--only files,values,idle] [--rounds n] [--jvm 'flags']", 5, "taskset",
                        "wrk", "redis-server", "redis-benchmark").pinned()
                        .with("files", Sends::files).with("values", Sends::values).with("idle", Sends::idle).run(args));
    }

    /** How one server is asked; gives how much it has answered. */
    private interface Ask {
        double run(Host host) throws IOException, InterruptedException;
    }

    /** CPU per answer in microseconds, of each round. */
    private static Map<String, double[]> rounds(Options options, List<Host> hosts, String what, Ask ask)
            throws IOException, InterruptedException {
        Map<String, double[]> figures = new LinkedHashMap<>();
        for (int round = -WARM_UPS; round < options.rounds(); round++) {
            Report.progress(what + (round < 0 ? ", warm-up" : ", round " + (round + 1) + " of " + options.rounds()));
            for (Host host : hosts) {
                long before = host.cpuNanos();
                double answers = ask.run(host);
                double micros = (host.cpuNanos() - before) / 1000.0 / answers;
                if (round >= 0) {
                    figures.computeIfAbsent(host.name(), name -> new double[options.rounds()])[round] = micros;
                }
            }
        }
        return figures;
    }

    private static void report(Report report, Map<String, double[]> figures, String what, String peer, double most) {
        MarkdownTable table = new MarkdownTable("", "server CPU", "of " + peer);
        double[] base = of(figures, peer);
        figures.forEach((name, values) -> table.row(name, Statistics.digits(Statistics.median(values)) + " µs",
                Statistics.digits(Statistics.ratio(values, base))));
        report.table(table);
        double noise = Statistics.noise(of(figures, peer + " again"), base);
        for (String transport : TRANSPORTS) {
            report.atMost(what + ", " + transport, Statistics.ratio(of(figures, transport), base), most, " of " + peer,
                    noise);
        }
    }

    private static double[] of(Map<String, double[]> figures, String host) {
        return Objects.requireNonNull(figures.get(host), host);
    }

    private static Path directory(Workplace workplace) throws IOException {
        Path directory = Files.createDirectories(workplace.file("www"));
        Files.write(directory.resolve("small.bin"), new byte[FILE_BYTES]);
        Files.write(directory.resolve("large.bin"), new byte[LARGE_BYTES]);
        return directory;
    }

    private static void closeAll(List<Host> hosts) {
        hosts.forEach(Host::close);
    }

    private static boolean lacksNginx(Report report, String measure) {
        if (Workplace.isInstalled("nginx")) {
            return false;
        }
        report.line("\nSkipped `" + measure + "`: nginx is not installed (Debian: nginx-light)");
        return true;
    }

    private static void files(Workplace workplace, Report report) throws IOException, InterruptedException {
        if (lacksNginx(report, "files")) {
            return;
        }
        Path directory = directory(workplace);
        List<Host> hosts = new ArrayList<>();
        try {
            hosts.add(Host.nginx(workplace, "nginx", directory));
            hosts.add(Host.nginx(workplace, "nginx again", directory));
            for (String transport : TRANSPORTS) {
                hosts.add(Host.ours(workplace, transport, "http", transport, directory));
            }
            report.section("Static files (`files`)", "From the page cache, wrk on " + FILE_CONNECTIONS
                    + " connections; server CPU per file.");
            for (String file : List.of("/small.bin", "/large.bin")) {
                String what = file.equals("/small.bin") ? "file of 64 KiB" : "file of 1 MiB";
                Map<String, double[]> figures = rounds(workplace.options(), hosts, what,
                        host -> wrk(workplace, host, file));
                report.line("\n" + what + "\n");
                report(report, figures, what, "nginx", 1);
            }
        } finally {
            closeAll(hosts);
        }
    }

    private static double wrk(Workplace workplace, Host host, String path) throws IOException, InterruptedException {
        int seconds = workplace.options().quick() ? 1 : 2;
        String printed = Children.run(workplace.clientCpu(), workplace.file("wrk"), MOST_SECONDS,
                List.of("wrk", "-t1", "-c" + FILE_CONNECTIONS, "-d" + seconds + "s", "--timeout", "20s",
                        "http://127.0.0.1:" + host.port() + path));
        Matcher requests = WRK_REQUESTS.matcher(printed);
        if (!requests.find() || printed.contains("Non-2xx") || printed.contains("Socket errors")) {
            throw new IOException(host.name() + ", " + path + ": " + printed.strip());
        }
        return Double.parseDouble(requests.group(1));
    }

    private static void values(Workplace workplace, Report report) throws IOException, InterruptedException {
        List<Host> hosts = new ArrayList<>();
        try {
            hosts.add(Host.redis(workplace, "Redis"));
            hosts.add(Host.redis(workplace, "Redis again"));
            for (String transport : TRANSPORTS) {
                hosts.add(Host.ours(workplace, transport, "resp", transport, workplace.folder()));
            }
            for (Host host : hosts) {
                redis(workplace, host, "set", 20 * VALUES);
            }
            int requests = workplace.options().quick() ? 1_000 : 5_000;
            Map<String, double[]> figures = rounds(workplace.options(), hosts, "GET of 1 MiB", host -> {
                redis(workplace, host, "get", requests);
                return requests;
            });
            report.section("Large values (`values`)", "GET of 1 MiB, redis-benchmark on " + VALUE_CONNECTIONS
                    + " connections without a pipeline; server CPU per GET.");
            report(report, figures, "GET of 1 MiB", "Redis", 0.9);
        } finally {
            closeAll(hosts);
        }
    }

    private static void redis(Workplace workplace, Host host, String command, int requests)
            throws IOException, InterruptedException {
        Children.run(workplace.clientCpu(), workplace.file("redis-benchmark"), MOST_SECONDS,
                List.of("redis-benchmark", "-p", Integer.toString(host.port()), "-t", command, "-n",
                        Integer.toString(requests), "-c", Integer.toString(VALUE_CONNECTIONS), "-r",
                        Integer.toString(VALUES), "-d", Integer.toString(LARGE_BYTES), "--csv"));
    }

    // ---- idle connections

    /** Bytes a connection. */
    private record Idle(double heap, double direct, double resident) {}

    private static void idle(Workplace workplace, Report report) throws IOException, InterruptedException {
        Path directory = directory(workplace);
        report.section("Idle connections (`idle`)",
                IDLE_CONNECTIONS + " of them, 3 s after the last has been accepted, and"
                        + " 3 s after each has been answered once; bytes a connection.");
        MarkdownTable table = new MarkdownTable("", "heap", "direct memory", "VmRSS", "heap, answered",
                "direct, answered", "VmRSS, answered");
        for (String transport : TRANSPORTS) {
            Idle[] bare = idle(workplace, "netty", transport, new Clients.Plain(PING), directory);
            row(table, "bare Netty, " + transport, bare);
            Path keys = keys(workplace);
            row(table, "bare Netty over TLS, " + transport,
                    idle(workplace, "netty-tls", transport, new Clients.Encrypted(), keys));
            for (String kind : List.of("resp", "http", "tls")) {
                Idle[] ours = idle(workplace, kind, transport, clients(kind), kind.equals("tls") ? keys : directory);
                row(table, kind + ", " + transport, ours);
                double most = kind.equals("resp") ? 512 : 1024;
                report.goal(kind + " connection above Netty's, " + transport, above(ours[0], bare[0]), most, " B");
                report.goal(kind + " connection that was answered, above Netty's, " + transport,
                        above(ours[1], bare[1]), most, " B");
            }
        }
        if (!lacksNginx(report, "idle beside nginx")) {
            try (Host nginx = Host.nginx(workplace, "nginx", directory)) {
                row(table, "nginx", watch(nginx, false, clients("http")));
            }
        }
        report.table(table);
    }

    private static Clients clients(String kind) throws IOException {
        return switch (kind) {
            case "tls" -> new Clients.Encrypted();
            case "http" -> new Clients.Plain("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
            default -> new Clients.Plain(PING);
        };
    }

    /** A key and its certificate. */
    private static Path keys(Workplace workplace) throws IOException, InterruptedException {
        Path keys = workplace.file("keys.p12");
        if (!Files.exists(keys)) {
            Children.run(workplace.clientCpu(), workplace.file("keytool"), MOST_SECONDS,
                    List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                            "-alias", "key", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=localhost",
                            "-storetype", "PKCS12", "-keystore", keys.toString(), "-storepass", SendHost.PASSWORD));
        }
        return keys;
    }

    private static double above(Idle ours, Idle bare) {
        return ours.heap + ours.direct - bare.heap - bare.direct;
    }

    private static void row(MarkdownTable table, String name, Idle... figures) {
        List<String> cells = new ArrayList<>(List.of(name));
        for (Idle each : figures) {
            for (double value : new double[]{each.heap, each.direct, each.resident}) {
                cells.add(Double.isNaN(value) ? "" : Statistics.digits(value));
            }
        }
        table.row(cells.toArray(String[]::new));
    }

    private static Idle[] idle(Workplace workplace, String kind, String transport, Clients clients, Path directory)
            throws IOException, InterruptedException {
        Report.progress("idle: " + kind + ", " + transport);
        try (Host host = Host.ours(workplace, kind + " " + transport, kind, transport, directory)) {
            return watch(host, true, clients);
        }
    }

    private static Idle[] watch(Host host, boolean ours, Clients clients) throws IOException, InterruptedException {
        try (clients) {
            // What a server makes once is there before anything counts.
            clients.connect(host.port(), FEW_CONNECTIONS);
            clients.ask();
            clients.closeAll();
            Thread.sleep(SETTLE_MILLIS);
            long[] before = used(host, ours);
            clients.connect(host.port(), IDLE_CONNECTIONS);
            Thread.sleep(SETTLE_MILLIS);
            Idle silent = since(before, used(host, ours));
            clients.ask();
            Thread.sleep(SETTLE_MILLIS);
            return new Idle[]{silent, since(before, used(host, ours))};
        }
    }

    private static Idle since(long[] before, long[] after) {
        double[] each = new double[before.length];
        for (int i = 0; i < each.length; i++) {
            each[i] = before[i] < 0 ? Double.NaN : (after[i] - before[i]) / (double) IDLE_CONNECTIONS;
        }
        return new Idle(each[0], each[1], each[2]);
    }

    private static long[] used(Host host, boolean ours) throws IOException {
        long[] used = ours ? host.usedBytes() : new long[]{-1, -1};
        return new long[]{used[0], used[1], host.residentBytes()};
    }
}
