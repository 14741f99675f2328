package io.solaster.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.openjdk.jcstress.Main;

/**
 * The order of memory of lanes, credits, the inbox and the handshake of parking: runs the stress tests beside it, a few
 * seconds each, in JVMs of their own, whose compiler shuffles what may be shuffled. The report is below
 * {@code target/jcstress}.
 */
class MemoryOrderTest {
    private static final Path REPORT = Path.of("target", "jcstress").toAbsolutePath();
    private static final int TESTS = 8;
    private static final String OPEN = "--enable-native-access=ALL-UNNAMED";
    private static final String UNSAFE = "--sun-misc-unsafe-memory-access=allow";
    /** One collector and one way to compile: each combination would take as long again. */
    private static final String FLAGS = UNSAFE
            + " -XX:+UseParallelGC -XX:+UnlockDiagnosticVMOptions -XX:+StressLCM -XX:+StressGCM";

    @Test
    void nothingForbiddenIsSeen() throws Exception {
        Files.createDirectories(REPORT);
        Path log = REPORT.resolve("log.txt");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        OPEN, UNSAFE, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of("-t", "io\\.solaster\\..*", "-r", REPORT.toString(), "-f", "1", "-iters", "4", "-time",
                "500", "-sc", "false", "-af", "NONE", "-c", "2", "-jvmArgs", FLAGS, "-v"));
        Process jcstress = new ProcessBuilder(command).directory(REPORT.toFile()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        try {
            assertThat(jcstress.waitFor(10, TimeUnit.MINUTES)).as("ends; " + log).isTrue();
        } finally {
            // And what it has started.
            jcstress.descendants().forEach(ProcessHandle::destroyForcibly);
            jcstress.destroyForcibly();
        }
        String told = Files.readString(log);
        assertThat(told.lines().filter(line -> line.contains("Forbidden") && !line.contains(" 0    0.00%")).distinct())
                .as("seen; " + log).isEmpty();
        assertThat(jcstress.exitValue()).as("exit; " + log).isZero();
        assertThat(told)
                .contains("(Results: " + TESTS + " planned; " + TESTS + " passed, 0 failed, 0 soft errs, 0 hard errs)");
    }
}
