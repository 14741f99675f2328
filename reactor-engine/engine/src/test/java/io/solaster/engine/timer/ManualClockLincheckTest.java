package io.solaster.engine.timer;

import java.time.Duration;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** Several advance it, several read it. */
public class ManualClockLincheckTest {
    private final ManualClock clock = new ManualClock();

    @Operation
    public void advance(@Param(gen = IntGen.class, conf = "0:9") int nanos) {
        clock.advance(Duration.ofNanos(nanos));
    }

    @Operation
    public long nanoTime() {
        return clock.nanoTime();
    }

    @Test
    void isOneClock() {
        new ModelCheckingOptions().threads(2).actorsPerThread(3).iterations(5).invocationsPerIteration(200)
                .sequentialSpecification(Sequential.class).check(ManualClockLincheckTest.class);
    }

    /** What it is to behave like. */
    public static final class Sequential {
        private long now;

        public void advance(int nanos) {
            now += nanos;
        }

        public long nanoTime() {
            return now;
        }
    }
}
