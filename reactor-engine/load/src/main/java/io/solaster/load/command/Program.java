package io.solaster.load.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

import io.solaster.load.HighestRate;
import io.solaster.load.Load;
import io.solaster.load.LoadComparison;
import io.solaster.load.LoadReport;
import io.solaster.load.Slo;
import io.solaster.load.protocol.Target;
import io.solaster.load.report.JsonReport;
import io.solaster.load.report.TextReport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What the program does: offers a load, or puts reports together. */
@Command(name = "solaster-load", mixinStandardHelpOptions = true, sortOptions = false, description = "Offers a load at a "
        + "rate, whether or not the server keeps up, and measures each request from when it was due.", footer = {"",
                "Exit codes: 0 done; 1 no connection, or a file that cannot be read; 3 the run is invalid, or the goal was"
                        + " not kept;",
                "64 wrong arguments; 130 ended by Ctrl-C."})
final class Program implements Callable<Integer> {
    /** The run proves nothing, or proves that the goal is not kept. */
    static final int INVALID = 3;
    private static final int TURNS = 4;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final Arguments arguments = new Arguments();

    @Mixin
    private final Outputs outputs = new Outputs();

    @Option(names = "--slo", paramLabel = "pN=TIME", description = "Looks for the highest rate that keeps it: p99=2ms.")
    private @Nullable String slo;

    @Option(names = "--probe", paramLabel = "TIME", defaultValue = "3s", description = "How long --slo offers each rate.")
    private String probe = "3s";

    @Option(names = "--ab", description = "The same load twice, in turns: what the two differ by is noise.")
    private boolean ab;

    @Option(names = "--live", paramLabel = "PORT", description = "A page on this machine that tells how a single run goes.")
    private @Nullable String live;

    @Option(names = "--compare", arity = "2", paramLabel = "FILE", description = "Two JSON reports beside each other.")
    private List<Path> compare = List.of();

    @Option(names = "--join", arity = "1..*", paramLabel = "FILE", description = "JSON reports of processes that ran side "
            + "by side, as one.")
    private List<Path> join = List.of();

    private final PrintWriter out;
    private final PrintWriter err;

    Program(PrintWriter out, PrintWriter err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() throws IOException {
        Load load;
        Slo goal;
        Duration each;
        try {
            outputs.check();
            goal = slo == null ? null : Amounts.slo(slo);
            each = Amounts.time(probe);
            boolean isReading = !compare.isEmpty() || !join.isEmpty();
            if (isReading && (arguments.url != null || goal != null || ab) || !compare.isEmpty() && !join.isEmpty()
                    || goal != null && ab) {
                throw new IllegalArgumentException("a URL, --compare and --join exclude each other, and so do --slo and"
                        + " --ab; give one");
            }
            if (live != null && (isReading || goal != null || ab)) {
                throw new IllegalArgumentException(
                        "--live " + live + " shows a single run; give it without --slo, --ab,"
                                + " --compare and --join");
            }
            int port = live == null ? 0 : Arguments.whole("--live", live);
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("--live " + live + " is no port; give 1 to 65535, or 0 for any");
            }
            load = isReading ? null : arguments.load();
            if (load != null) {
                load.check();
            }
            if (goal != null && load != null && !load.schedule().isConstant()) {
                throw new IllegalArgumentException("--slo looks for a rate, which '" + load.schedule().describe()
                        + "' has none of; give --rate");
            }
            if (ab && load != null && !load.schedule().isConstant() && !load.schedule().isClosed()) {
                throw new IllegalArgumentException("--ab divides the run among turns, each of which would offer the"
                        + " beginning of '" + load.schedule().describe()
                        + "'; give --rate, or run it twice and give both"
                        + " --json to --compare");
            }
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
        if (load == null) {
            return compare.isEmpty() ? joined() : compared();
        }
        if (goal != null) {
            return highest(load, goal, each);
        }
        return ab ? twice(load) : once(load);
    }

    private ParameterException usage(@Nullable String message) {
        if (spec == null) {
            throw new IllegalStateException("picocli has not begun");
        }
        return new ParameterException(spec.commandLine(), String.valueOf(message));
    }

    private int once(Load load) throws IOException {
        LiveLine line = new LiveLine(err);
        LoadReport report;
        if (live == null) {
            report = load.start().report(line);
        } else {
            // Without a password: any user of this machine may look.
            String target = Target.of(String.valueOf(arguments.url)).url();
            try (LivePage page = new LivePage(target, Arguments.whole("--live", live))) {
                err.println("http://127.0.0.1:" + page.port() + "/");
                report = load.start().report(line.andThen(page));
            }
        }
        line.clear();
        return told(report);
    }

    private int told(LoadReport report) throws IOException {
        // Else files could not be written.
        boolean ended = Thread.interrupted();
        out.print(TextReport.of(report));
        out.flush();
        outputs.write(report);
        return ended || report.invalid().isEmpty() ? 0 : INVALID;
    }

    private int twice(Load load) throws IOException {
        return told(load.twice(TURNS), "A", "A again");
    }

    private int told(LoadComparison comparison, String first, String second) throws IOException {
        boolean ended = Thread.interrupted();
        out.print(TextReport.of(comparison, first, second));
        out.flush();
        Map<String, LoadReport> both = new LinkedHashMap<>();
        both.put(first, comparison.first());
        both.put(second, comparison.second());
        outputs.write(both);
        return ended || comparison.first().invalid().isEmpty() && comparison.second().invalid().isEmpty() ? 0 : INVALID;
    }

    private int highest(Load load, Slo goal, Duration each) throws IOException {
        HighestRate found = load.highestRate(goal, each);
        boolean ended = Thread.interrupted();
        found.probes().forEach(out::println);
        LoadReport report = found.report();
        if (report == null) {
            out.println("No rate kept " + goal + ".");
            out.flush();
            return ended ? 0 : INVALID;
        }
        out.println(String.format(Locale.ROOT, "Highest rate that keeps %s: %,.0f/s%n", goal,
                found.perSecond()));
        out.print(TextReport.of(report));
        out.flush();
        outputs.write(report);
        return 0;
    }

    private int compared() throws IOException {
        String first = String.valueOf(compare.getFirst().getFileName());
        String second = String.valueOf(compare.getLast().getFileName());
        return told(new LoadComparison(JsonReport.read(compare.getFirst()), JsonReport.read(compare.getLast())), first,
                first.equals(second) ? compare.getLast().toString() : second);
    }

    private int joined() throws IOException {
        List<LoadReport> reports = new ArrayList<>();
        for (Path file : join) {
            reports.add(JsonReport.read(file));
        }
        return told(LoadReport.sideBySide(reports));
    }
}
