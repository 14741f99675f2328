package io.solaster.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** From the start of the demo to its first PONG; the demo has a script of its own for that. */
final class Startup implements Measure {
    /** Set by {@code compare.sh}. */
    private static final String ROOT = "solaster.root";
    private static final int MOST_SECONDS = 600;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Path script = Path.of(System.getProperty(ROOT, "."), "demo-service", "startup-time.sh");
        report.section("Start of the demo (`startup`)", "From the start of the process to the first PONG.");
        if (!Files.isExecutable(script)) {
            report.line("Skipped: there is no demo-service/startup-time.sh.");
            return;
        }
        report.line(Children.run(workplace.serverCpu(), workplace.file("startup"), MOST_SECONDS,
                List.of(script.toString())));
    }
}
