package io.solaster.operator.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

/** The jar that users run. */
class PlanJarIT {

    @Test
    void runsByItself() throws Exception {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar", "target/operator.jar", "plan"));
        for (String option : List.of("nodes", "pods", "profiles", "service")) {
            command.add("--" + option);
            command.add("examples/cloud-vms/" + option + ".yaml");
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(printed).as("nothing but the plan").startsWith("shop/sessions: Feasible");
        assertThat(process.exitValue()).isZero();
    }
}
