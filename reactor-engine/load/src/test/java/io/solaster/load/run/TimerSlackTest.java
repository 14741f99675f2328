package io.solaster.load.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.Engine;
import io.solaster.load.Load;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class TimerSlackTest {

    private static String slack() {
        try {
            return Files.readString(TimerSlack.file()).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void theGeneratorsShardsWakeWhenTheyAsk() throws IOException {
        assumeTrue(Files.isWritable(TimerSlack.file()), () -> "a thread's timer slack cannot be set here: " + slack());
        AtomicReference<String> seen = new AtomicReference<>();
        Load load = Load.of(_ -> {
            seen.set(slack());
            return CompletableFuture.completedFuture("yes");
        }).rate(100).lasting(Duration.ofMillis(50));
        load.run();
        assertThat(seen.get()).isEqualTo("1");
        try (Engine given = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER))) {
            load.on(given).run();
            assertThat(seen.get()).as("an engine that is there already stays as it is").isNotEqualTo("1");
        }
    }
}
