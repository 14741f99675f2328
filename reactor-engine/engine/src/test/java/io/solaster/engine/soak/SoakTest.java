package io.solaster.engine.soak;

import java.time.Duration;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * What goes in comes out. A second in each build, a few by {@code -Pfull}; {@code -Psoak} takes 10 minutes, or as many as
 * {@code -Dsoak.minutes} says. What it finds can be tried again with {@code -Dsoak.seed}, as far as threads let it.
 */
class SoakTest {
    private static final Duration LENGTH = System.getProperty("soak.minutes") == null
            ? Duration.ofSeconds(1)
            // A part of the time is left for WakeUpsTest.
            : Duration.ofMillis((long) (Double.parseDouble(System.getProperty("soak.minutes")) * 48_000 / 3));
    private static final long SEED = Long.getLong("soak.seed", System.nanoTime());

    @ParameterizedTest
    @EnumSource(names = "EPOLL")
    void whatGoesInComesOut(Transport transport) {
        Engines.assumeAvailable(transport);
        System.out.println("soak: " + new Soak(transport, SEED).run(LENGTH));
    }

    @Tag("full")
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void whatGoesInComesOutForLonger(Transport transport) {
        Engines.assumeAvailable(transport);
        System.out.println("soak: " + new Soak(transport, SEED).run(LENGTH.multipliedBy(3)));
    }
}
