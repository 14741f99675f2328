package io.solaster.engine.stats;

import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/**
 * One thread records, any reads. A snapshot is taken cell by cell, and yet its count is one that there was while it was
 * taken, and no later snapshot has less: what meters show never goes back.
 */
public class HistogramLincheckTest {
    private final Histogram histogram = new Histogram();

    /** Into buckets far apart, so that a reader may be between them. */
    @Operation(nonParallelGroup = "writer")
    public void record(@Param(gen = IntGen.class, conf = "0:3") int length) {
        histogram.record(1L << (8 * length));
    }

    @Operation
    public long count() {
        return histogram.snapshot().count();
    }

    @Test
    void itsCountIsThatOfOneMoment() {
        // A snapshot reads every bucket, which Lincheck would take for a loop without an end.
        new ModelCheckingOptions().threads(3).actorsPerThread(2).iterations(2).invocationsPerIteration(100)
                .loopBound(2 * Histogram.BUCKETS).sequentialSpecification(Sequential.class)
                .check(HistogramLincheckTest.class);
    }

    /** What it is to behave like. */
    public static final class Sequential {
        private long count;

        public void record(int length) {
            count++;
        }

        public long count() {
            return count;
        }
    }
}
