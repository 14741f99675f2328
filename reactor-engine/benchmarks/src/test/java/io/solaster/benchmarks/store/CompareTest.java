package io.solaster.benchmarks.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import io.solaster.benchmarks.rig.Script;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether the comparison runs through; what it finds is not judged here. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CompareTest {

    @TempDir
    private Path folder;

    @Test
    @Tag("full")
    void printsATableOfEveryMeasureItWasAskedFor() throws Exception {
        String out = Script.run(Compare.class, folder, "--quick", "--only", "cpu,latency", "--rounds", "1", "--keys",
                "2000", "--many-keys",
                "2000", "--requests", "7000", "--seconds", "1");
        if (out.startsWith("Skipped: ")) {
            abort(out.strip());
        }
        assertThat(out).contains("(`cpu`)", "| GET, no pipeline |", "(`memory`)", "(`latency`)", "| p99.9 ",
                "### Against the goals");
    }

    @Test
    void anUnknownMeasureIsRefusedWithTheNamesThereAre() throws Exception {
        assertThat(Script.run(Compare.class, folder, "--only", "speed")).contains("--only speed", "cpu", "latency",
                "compare.sh [--quick]");
    }
}
