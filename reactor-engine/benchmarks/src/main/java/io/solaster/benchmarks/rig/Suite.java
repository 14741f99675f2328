package io.solaster.benchmarks.rig;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.netty.util.Version;

/** What a script measures, one thing after the other: reads the command line, runs what was chosen, reports. */
public final class Suite {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private final String usage;
    private final int rounds;
    private final List<String> tools;
    private final Map<String, Measure> measures = new LinkedHashMap<>();
    private boolean pinned;
    private String transport = "";
    private Set<String> onDemand = Set.of();
    private Map<String, String> covered = Map.of();

    /**
     * @param rounds how many there are unless the command line says otherwise
     * @param tools what must be installed
     */
    public Suite(String usage, int rounds, String... tools) {
        this.usage = usage;
        this.rounds = rounds;
        this.tools = List.of(tools);
    }

    /** Adds a measure; they run in this order. */
    public Suite with(String name, Measure measure) {
        measures.put(name, measure);
        return this;
    }

    /** Keeps this process off the server's CPU. */
    public Suite pinned() {
        pinned = true;
        return this;
    }

    /** What servers run on unless the command line says otherwise. */
    public Suite transport(String name) {
        transport = name;
        return this;
    }

    /** Has measures run only if they are asked for by name. */
    public Suite onDemand(String... names) {
        onDemand = Set.of(names);
        return this;
    }

    /** Has a measure not run where another one does, which reports the same. */
    public Suite covered(String name, String by) {
        covered = Map.of(name, by);
        return this;
    }

    /** Gives the exit code; what cannot be measured here is no failure. */
    @SuppressWarnings("SystemOut")
    public int run(String... args) {
        Options options;
        try {
            options = Options.parse(rounds, args);
            options = transport.isEmpty() ? options : options.withTransport(transport);
            for (String name : options.only()) {
                if (!measures.containsKey(name)) {
                    throw new IllegalArgumentException("--only " + name + ": want some of " + measures.keySet());
                }
            }
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + usage);
            return USAGE;
        }
        Report report = new Report(System.out);
        try (Workplace workplace = Workplace.prepare(options, tools)) {
            machine(workplace, report);
            if (pinned) {
                workplace.pinSelf();
            }
            for (Map.Entry<String, Measure> measure : measures.entrySet()) {
                if (chosen(options, measure.getKey())) {
                    Report.progress(measure.getKey());
                    measure.getValue().run(workplace, report);
                }
            }
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
        } finally {
            report.figures();
        }
    }

    private boolean chosen(Options options, String name) {
        if (covered.containsKey(name) && chosen(options, covered.get(name))) {
            return false;
        }
        return options.only().isEmpty() ? !onDemand.contains(name) : options.only().contains(name);
    }

    private static void machine(Workplace workplace, Report report) {
        String model = ProcFs.field("/proc/cpuinfo", "model name");
        MarkdownTable table = new MarkdownTable("", "")
                .row("date", LocalDate.now(ZoneOffset.UTC).toString())
                .row("CPU", (model.isEmpty() ? System.getProperty("os.arch") : model) + "; CPUs "
                        + ProcFs.field("/proc/self/status", "Cpus_allowed_list") + " allowed")
                .row("server on CPU, client on CPU", workplace.serverCpu() + ", " + workplace.clientCpu())
                .row("kernel", System.getProperty("os.version"))
                .row("load average at the start", ProcFs.line("/proc/loadavg"))
                .row("huge pages", ProcFs.line("/sys/kernel/mm/transparent_hugepage/enabled"))
                .row("JDK", System.getProperty("java.vendor.version", "") + " " + Runtime.version())
                .row("our JVM's flags", String.join(" ", workplace.options().jvm()));
        if (workplace.redisVersion().isEmpty()) {
            table.row("peer",
                    "Netty " + Objects.requireNonNull(Version.identify().get("netty-transport")).artifactVersion())
                    .row("options", workplace.options().rounds() + " rounds");
        } else {
            table.row("peer", "redis-server " + workplace.redisVersion() + ", without persistence")
                    .row("options", workplace.options().rounds() + " rounds, " + workplace.options().keys() + " keys, "
                            + workplace.options().requests() + " requests");
        }
        report.table(table);
    }
}
