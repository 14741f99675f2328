package io.solaster.load;

import java.time.Duration;

/**
 * Two loads that were offered in turns.
 *
 * @param first all turns of the one
 * @param second all turns of the other
 */
public record LoadComparison(LoadReport first, LoadReport second) {

    /** The second's percentile as a multiple of the first's; NaN where one of them was never reached. */
    public double ratio(double percentile) {
        long one = first.nanosAt(percentile);
        long other = second.nanosAt(percentile);
        return one == LoadReport.NEVER || other == LoadReport.NEVER ? Double.NaN : (double) other / one;
    }

    /** How far the two are apart at a percentile, as a part of the smaller: of the same load twice, the noise. */
    public double noise(double percentile) {
        double ratio = ratio(percentile);
        return Math.max(ratio, 1 / ratio) - 1;
    }

    /**
     * That the p99 of both keeps a limit. Where it does not and the two differ by more than a quarter at p99, or a run is
     * not valid, the test is skipped, and says why: of the same load twice, that is the machine and not the server.
     *
     * @throws AssertionError if it is over the limit, on a machine that can tell
     */
    public void assertP99(Duration limit) {
        String noisy = noise(99) > 0.25
                ? "the same load twice differed by " + Math.round(100 * noise(99))
                        + " % at p99, so the machine is too noisy"
                : "";
        first.assertPercentile(99, limit, noisy);
        second.assertPercentile(99, limit, noisy);
    }
}
