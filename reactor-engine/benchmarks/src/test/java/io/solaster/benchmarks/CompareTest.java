package io.solaster.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether the comparison runs through; what it finds is not judged here. */
@Timeout(60)
class CompareTest {

    @TempDir
    private Path folder;

    @Test
    void printsATableOfEveryMeasureItWasAskedFor() throws Exception {
        String out = compare("--quick", "--only", "cpu,latency", "--rounds", "1", "--keys", "2000", "--many-keys",
                "2000", "--requests", "7000", "--seconds", "1");
        if (out.startsWith("Skipped: ")) {
            abort(out.strip());
        }
        assertThat(out).contains("(`cpu`)", "| GET, no pipeline |", "(`memory`)", "(`latency`)", "| p99.9 ",
                "### Against the goals");
    }

    @Test
    void anUnknownMeasureIsRefusedWithTheNamesThereAre() throws Exception {
        assertThat(compare("--only", "speed")).contains("--only speed", "cpu", "latency", "compare.sh [--quick]");
    }

    private String compare(String... arguments) throws Exception {
        Path out = folder.resolve("out");
        List<String> command = new ArrayList<>(List.of(Workplace.java(), "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xmx128m", "-cp",
                System.getProperty("java.class.path"), Compare.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(false).redirectOutput(out.toFile())
                .redirectError(folder.resolve("err").toFile()).start();
        try {
            assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
            String text = Files.readString(out, StandardCharsets.UTF_8);
            return text.isEmpty() ? Files.readString(folder.resolve("err"), StandardCharsets.UTF_8) : text;
        } finally {
            process.destroy();
        }
    }
}
