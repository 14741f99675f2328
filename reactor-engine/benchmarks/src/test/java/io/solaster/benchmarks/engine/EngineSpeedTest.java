package io.solaster.benchmarks.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import io.solaster.benchmarks.rig.Script;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether the measures run through; what they find is not judged here. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class EngineSpeedTest {

    @TempDir
    private Path folder;

    @Tag("full")
    @Test
    void printsEachFigureWithItsGoalAndNoise() throws Exception {
        String out = Script.run(EngineSpeed.class, folder, "--quick", "--only", "threads,shares,servers,idle",
                "--rounds", "1", "--seconds", "1", "--transport", "nio");
        if (out.startsWith("Skipped: ")) {
            abort(out.strip());
        }
        assertThat(out).contains("| A/A noise", "park and unpark", "| <= 350 ns", "800:200", "quiet",
                "flood 'background'", "1000 connections, nio", "| <= 1 % of a core");
    }

    @Test
    void anUnknownMeasureIsRefusedWithTheNamesThereAre() throws Exception {
        assertThat(Script.run(EngineSpeed.class, folder, "--only", "speed")).contains("--only speed", "mesh", "idle",
                "engine.sh [--quick]");
    }
}
