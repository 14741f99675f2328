package io.solaster.benchmarks;

import java.io.IOException;

/** Placeholder. */
final class GcPauses implements Measure {
    @Override
    public void run(Workplace workplace, Report report) throws IOException, InterruptedException {
        report.line("");
    }
}
