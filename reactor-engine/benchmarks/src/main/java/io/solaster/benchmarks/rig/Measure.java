package io.solaster.benchmarks.rig;

import java.io.IOException;

/** One of the things that are compared. */
public interface Measure {

    /** Starts what it needs, measures, reports, and ends what it started. */
    void run(Workplace workplace, Report report) throws IOException, InterruptedException;
}
