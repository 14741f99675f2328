package io.solaster.benchmarks.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.solaster.benchmarks.rig.Children;
import io.solaster.benchmarks.rig.Measure;
import io.solaster.benchmarks.rig.Report;
import io.solaster.benchmarks.rig.Workplace;

/** From the start of the demo to its first PONG, by the demo's own script, of what has been built of it. */
final class Startup implements Measure {
    /** Set by {@code compare.sh}. */
    private static final String ROOT = "solaster.root";
    private static final int MOST_SECONDS = 300;
    private static final Pattern MEDIAN = Pattern.compile("median of \\d+: (\\d+) ms");
    private static final double MOST_MILLIS = 3000;
    private static final double MOST_MILLIS_AOT = 1800;

    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        Path demo = Path.of(System.getProperty(ROOT, "."), "demo-service");
        report.section("Start of the demo (`startup`)", "From the start of the process to the first PONG.");
        Path jar = demo.resolve("target/solaster-demo.jar");
        List<String> plain = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        plain.addAll(workplace.options().jvm());
        plain.addAll(List.of("-jar", jar.toString()));
        run(workplace, report, "plain", demo, jar, plain, MOST_MILLIS);
        Path cached = demo.resolve("target/aot/run.sh");
        run(workplace, report, "with an AOT cache", demo, cached, List.of(cached.toString()), MOST_MILLIS_AOT);
    }

    private static void run(Workplace workplace, Report report, String name, Path demo, Path built,
            List<String> command, double mostMillis) throws IOException, InterruptedException {
        if (!Files.exists(built)) {
            report.line("- " + name + ": skipped, for want of " + demo.relativize(built)
                    + " (mvn -pl demo-service -am -DskipTests package; demo-service/aot.sh)");
            return;
        }
        List<String> script = new ArrayList<>(List.of(demo.resolve("startup-time.sh").toString(), "-n",
                Integer.toString(workplace.options().rounds()), "--"));
        script.addAll(command);
        try {
            String out = Children.run(workplace.bothCpus(), workplace.file("startup"), MOST_SECONDS, script);
            Matcher median = MEDIAN.matcher(out);
            if (!median.find()) {
                throw new IOException("no median in: " + out.strip());
            }
            report.line("- " + name + ": " + median.group(1) + " ms");
            report.goal("start to first PONG, " + name, Double.parseDouble(median.group(1)), mostMillis, " ms");
        } catch (IOException e) {
            report.line("- " + name + ": " + e.getMessage());
        }
    }
}
