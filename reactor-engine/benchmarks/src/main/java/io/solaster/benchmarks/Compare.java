package io.solaster.benchmarks;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs Redis and us in turn on one CPU and prints what each costs: every figure of the README's table. Started by
 * {@code compare.sh}; the README says what each measure means.
 */
public final class Compare {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private static final Map<String, Measure> MEASURES = new LinkedHashMap<>();
    /** Run only if asked for by name: they compare us with ourselves. */
    private static final Set<String> ON_DEMAND = Set.of("flags", "pauses");

    static {
        MEASURES.put("cpu", Compare::cpu);
        MEASURES.put("shards", Compare::shards);
        MEASURES.put("latency", new ManyKeys(true));
        MEASURES.put("memory", new ManyKeys(false));
        MEASURES.put("idle", new Idle());
        MEASURES.put("allocation", new Allocation());
        MEASURES.put("startup", new Startup());
        MEASURES.put("flags", Compare::flags);
        MEASURES.put("pauses", new GcPauses());
    }

    private Compare() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Gives the exit code; what cannot be measured here is no failure. */
    @SuppressWarnings("SystemOut")
    static int run(String... args) {
        Options options;
        try {
            options = Options.parse(args);
            for (String name : options.only()) {
                if (!MEASURES.containsKey(name)) {
                    throw new IllegalArgumentException("--only " + name + ": want some of " + MEASURES.keySet());
                }
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + Options.USAGE);
            return USAGE;
        }
        Report report = new Report(System.out);
        try (Workplace workplace = Workplace.prepare(options)) {
            machine(workplace, report);
            workplace.pinSelf();
            for (Map.Entry<String, Measure> measure : MEASURES.entrySet()) {
                if (chosen(options, measure.getKey())) {
                    Report.progress(measure.getKey());
                    measure.getValue().run(workplace, report);
                }
            }
            report.goals();
            return OK;
        } catch (Workplace.Missing e) {
            System.out.println("Skipped: " + e.getMessage());
            return OK;
        } catch (IOException e) {
            System.err.println("Failed: " + e.getMessage());
            return FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILED;
        }
    }

    private static boolean chosen(Options options, String name) {
        if (name.equals("memory") && chosen(options, "latency")) {
            return false; // latency fills the servers anyway, and reports their memory
        }
        return options.only().isEmpty() ? !ON_DEMAND.contains(name) : options.only().contains(name);
    }

    private static void machine(Workplace workplace, Report report) {
        String model = ProcFs.field("/proc/cpuinfo", "model name");
        report.table(new MarkdownTable("", "")
                .row("date", LocalDate.now(ZoneOffset.UTC).toString())
                .row("CPU", (model.isEmpty() ? System.getProperty("os.arch") : model) + "; CPUs "
                        + ProcFs.field("/proc/self/status", "Cpus_allowed_list") + " allowed")
                .row("server on CPU, client on CPU", workplace.serverCpu() + ", " + workplace.clientCpu())
                .row("kernel", System.getProperty("os.version"))
                .row("load average at the start", ProcFs.line("/proc/loadavg"))
                .row("huge pages", ProcFs.line("/sys/kernel/mm/transparent_hugepage/enabled"))
                .row("JDK", System.getProperty("java.vendor.version", "") + " " + Runtime.version())
                .row("our JVM's flags", String.join(" ", workplace.options().jvm()))
                .row("peer", "redis-server " + workplace.redisVersion() + ", without persistence")
                .row("options", workplace.options().rounds() + " rounds, " + workplace.options().keys() + " keys, "
                        + workplace.options().requests() + " requests"));
    }

    private static void cpu(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.redis(workplace, "Redis"));
            servers.add(Server.redis(workplace, "Redis again"));
            servers.add(Server.store(workplace, "epoll", 1, "epoll", options.jvm()));
            servers.add(Server.store(workplace, "io_uring", 1, "io_uring", options.jvm()));
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.ALL);
            report.section("Server CPU per operation, and throughput (`cpu`)", """
                    One shard, 50 connections, 64-byte values; in bold the ratio to Redis of CPU per operation.""");
            MarkdownTable table = table(servers, "A/A noise");
            all.forEach((load, figures) -> {
                List<String> cells = cells(load, figures);
                double noise = figures.get(1).cpuNoise(figures.get(0));
                cells.add(Statistics.digits(100 * noise) + " %");
                table.row(cells.toArray(String[]::new));
                for (int i = 2; i < servers.size(); i++) {
                    double ratio = figures.get(i).cpuRatio(figures.get(0));
                    double most = load.pipeline() == 1 ? 0.95 : load.command().equals("SET") ? 0.65 : 0.75;
                    report.goal("CPU per " + load + ", " + servers.get(i).name(), ratio, most, " of Redis");
                }
            });
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void shards(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.store(workplace, "1 shard", 1, options.transport(), options.jvm()));
            servers.add(Server.store(workplace, "2 shards on one CPU", 2, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, "2 shards, " + variant.getKey(), 2, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.PIPELINED);
            report.section("Two shards on one CPU (`shards`)", "Half of the keys belong to the other shard: what a"
                    + " foreign key costs. Transport: " + servers.get(0).transport() + ".");
            MarkdownTable table = table(servers);
            all.forEach((load, figures) -> {
                table.row(cells(load, figures).toArray(String[]::new));
                report.goal("CPU per " + load + ", two shards on one CPU", figures.get(1).cpuRatio(figures.get(0)), 1.3,
                        " of one shard");
            });
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static void flags(Workplace workplace, Report report) throws IOException, InterruptedException {
        Options options = workplace.options();
        List<Server> servers = new ArrayList<>();
        try {
            servers.add(Server.store(workplace, "as is", 1, options.transport(), options.jvm()));
            servers.add(Server.store(workplace, "as is, again", 1, options.transport(), options.jvm()));
            for (Map.Entry<String, List<String>> variant : options.vary().entrySet()) {
                servers.add(Server.store(workplace, variant.getKey(), 1, options.transport(),
                        options.jvmWith(variant.getValue())));
            }
            Map<Throughput.Load, List<Throughput.Figures>> all = new Throughput(workplace).run(servers,
                    Throughput.ALL);
            report.section("Flags of the JVM (`flags`)", "Each against the flags above; transport: "
                    + servers.get(0).transport() + ".");
            options.vary().forEach((name, flags) -> report.line("- " + name + ": `" + String.join(" ", flags) + "`"));
            report.line("");
            MarkdownTable table = table(servers);
            all.forEach((load, figures) -> table.row(cells(load, figures).toArray(String[]::new)));
            report.table(table);
        } finally {
            servers.forEach(Server::close);
        }
    }

    private static MarkdownTable table(List<Server> servers, String... more) {
        List<String> heads = new ArrayList<>(List.of(""));
        servers.forEach(server -> heads.add(server.name()));
        heads.addAll(List.of(more));
        return new MarkdownTable(heads.toArray(String[]::new));
    }

    private static List<String> cells(Throughput.Load load, List<Throughput.Figures> figures) {
        List<String> cells = new ArrayList<>(List.of(load.toString()));
        cells.add(figures.get(0).toString());
        for (Throughput.Figures other : figures.subList(1, figures.size())) {
            cells.add(other + ", **" + Statistics.digits(other.cpuRatio(figures.get(0))) + "**");
        }
        return cells;
    }
}
