package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

/** Two processes, with other identity hashes, another salt of sets and other moments of the compiler, see the same runs. */
final class TwoJvmsTest {
    private static final int SEEDS = Integer.getInteger("solaster.test.seeds", 50);

    /** What the other process runs. */
    public static void main(String[] args) {
        for (long seed = 0; seed < Integer.parseInt(args[0]); seed++) {
            System.out.println("hash " + Simulation.run(seed, SimulationTest::cluster).hash());
        }
    }

    private static List<String> hashes(String... flags) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "--add-opens=java.base/java.lang=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TwoJvmsTest.class.getName(),
                Integer.toString(SEEDS)));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines()
                    .filter(line -> line.startsWith("hash ")).toList();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            return lines;
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void seeTheSameRuns() throws IOException, InterruptedException {
        List<String> one = hashes("-XX:+UseSerialGC");
        assertThat(one).hasSize(SEEDS);
        assertThat(hashes("-XX:+UseParallelGC", "-XX:TieredStopAtLevel=1")).isEqualTo(one);
    }
}
