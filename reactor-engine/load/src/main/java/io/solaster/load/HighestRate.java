package io.solaster.load;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * What the search for the highest rate has found.
 *
 * @param slo the goal
 * @param perSecond requests a second of the highest rate that kept it; 0 if none did
 * @param report of that rate; null if none kept it
 * @param probes all rates that were offered, in order
 */
public record HighestRate(Slo slo, double perSecond, @Nullable LoadReport report, List<Probe> probes) {
    public HighestRate {
        probes = List.copyOf(probes);
    }

    /**
     * One rate.
     *
     * @param perSecond requests a second
     * @param nanos what the goal's percentile came to; {@link LoadReport#NEVER} where so many were not answered
     * @param isKept whether the goal was kept
     * @param invalid why the run proves nothing; empty if it does
     */
    public record Probe(double perSecond, long nanos, boolean isKept, String invalid) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,12.0f/s  %-10s %s", perSecond, Figures.nanos(nanos),
                    isKept ? "kept" : invalid.isEmpty() ? "not kept" : "not kept: " + invalid);
        }
    }
}
