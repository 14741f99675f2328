package io.solaster.engine.stats;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** One thread writes, any reads: as if each happened at once. */
public class CounterLincheckTest {
    private final Counter counter = new Counter();

    @Operation(nonParallelGroup = "writer")
    public void add(@Param(gen = IntGen.class, conf = "-3:9") int amount) {
        counter.add(amount);
    }

    @Operation
    public long get() {
        return counter.get();
    }

    @Test
    void isACount() {
        new ModelCheckingOptions().threads(3).actorsPerThread(3).iterations(5).invocationsPerIteration(200)
                .sequentialSpecification(Sequential.class).check(CounterLincheckTest.class);
    }

    /** What it is to behave like. */
    public static final class Sequential {
        private long count;

        public void add(int amount) {
            count += amount;
        }

        public long get() {
            return count;
        }
    }
}
