package io.solaster.testkit.junit;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.testkit.left.Left;
import io.solaster.testkit.left.ProcessLeftovers;
import org.junit.jupiter.api.Test;

/**
 * Measures how long an engine of a test takes to start and to stop, and how long the look at what was left takes. No test
 * by its name, since it asserts no time: {@code mvn -pl reactor-engine/testkit -am test -Dtest=UpAndDown
 * -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class UpAndDown {
    private static final int WARM_UP = 30;
    private static final int ROUNDS = 200;

    @SolasterTest
    private static final class Plain {}

    @Test
    void print() {
        SolasterTest settings = Plain.class.getAnnotation(SolasterTest.class);
        for (EngineConfig.Transport transport : EngineConfig.Transport.values()) {
            if (transport == EngineConfig.Transport.AUTO || Settings.refusal(transport).isPresent()) {
                continue;
            }
            double[] engine = new double[ROUNDS];
            double[] look = new double[ROUNDS];
            for (int i = -WARM_UP; i < ROUNDS; i++) {
                long begin = System.nanoTime();
                ProcessLeftovers process = ProcessLeftovers.begin();
                long begun = System.nanoTime();
                TestBed bed = new TestBed(settings, transport, Duration.ofSeconds(5));
                Engine started = bed.engine();
                if (started.shards().size() != 2) {
                    throw new AssertionError(started.plan());
                }
                bed.begin();
                if (!bed.close(EnumSet.noneOf(Left.class)).isEmpty()) {
                    throw new AssertionError("left behind");
                }
                long down = System.nanoTime();
                if (!process.remnants(EnumSet.noneOf(Left.class), Duration.ofSeconds(5)).isEmpty()) {
                    throw new AssertionError("left behind");
                }
                process.close();
                long end = System.nanoTime();
                if (i >= 0) {
                    engine[i] = (down - begun) / 1e6;
                    look[i] = (begun - begin + end - down) / 1e6;
                }
            }
            Arrays.sort(engine);
            Arrays.sort(look);
            System.out.printf(Locale.ROOT, "%-8s engine of 2 shards up and down: median %.1f ms, p90 %.1f ms;"
                    + " look at the process: median %.1f ms, p90 %.1f ms%n", transport, engine[ROUNDS / 2],
                    engine[ROUNDS * 9 / 10], look[ROUNDS / 2], look[ROUNDS * 9 / 10]);
        }
    }
}
