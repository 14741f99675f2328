package io.solaster.load;

import java.time.Duration;
import java.util.Locale;

/**
 * A goal for a latency: so many per cent of the requests are answered within a time.
 *
 * @param percentile above 0, to 100
 * @param limit more than 0
 */
public record Slo(double percentile, Duration limit) {
    public Slo {
        if (!(percentile > 0 && percentile <= 100)) {
            throw new IllegalArgumentException("percentile " + percentile + "; give one above 0, to 100, such as 99");
        }
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("a limit of " + limit + "; give more than 0");
        }
    }

    /** Whether a run kept it. One whose generator was late did not show that. */
    public boolean isKeptBy(LoadReport report) {
        return report.nanosAt(percentile) <= limit.toNanos() && report.invalid().isEmpty();
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "p%s=%s", percentile == Math.rint(percentile)
                ? Long.toString((long) percentile)
                : Double.toString(percentile), Figures.nanos(limit.toNanos()));
    }
}
