package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.StallConfig;
import io.solaster.engine.stats.StallWatchdog;
import org.junit.jupiter.api.Test;

class EyesExampleTest {

    @Test
    void runs() {
        try (Engine engine = Engines.start(Transport.NIO, 1);
                StallWatchdog watchdog = StallWatchdog.start(engine.name(), StallConfig.defaults())) {
            assertThat(EyesExample.run(engine, watchdog))
                    .matches("busy for \\d+ % of the last second; \\d+ tasks, p99 \\d+ ns; longest turn \\d+ ns; "
                            + "ready but not running for \\d+ ns; \\d+ stalls, the longest of \\d+ ns");
        }
    }
}
