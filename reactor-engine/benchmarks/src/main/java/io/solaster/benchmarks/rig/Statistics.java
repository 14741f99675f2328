package io.solaster.benchmarks.rig;

import java.util.Arrays;
import java.util.Locale;

/** What is done to the figures of several rounds. */
public final class Statistics {

    private Statistics() {}

    /** The middle one, or the mean of the two in the middle. NaN if there are none. */
    public static double median(double... values) {
        if (values.length == 0) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** NaN if there are none. */
    public static double mean(double... values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    /**
     * The median of the ratios, round by round: what disturbs a whole round disturbs both sides of its ratio. NaN if
     * there are none.
     */
    public static double ratio(double[] values, double[] base) {
        double[] ratios = new double[Math.min(values.length, base.length)];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = values[i] / base[i];
        }
        return median(ratios);
    }

    /** How far one and the same thing, measured twice, is from itself: the median over the rounds of |a / b - 1|. */
    public static double noise(double[] a, double[] b) {
        double[] distances = new double[Math.min(a.length, b.length)];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = Math.abs(a[i] / b[i] - 1);
        }
        return median(distances);
    }

    /** Three significant digits, and a dash for what is no number. */
    public static String digits(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return "–";
        }
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size >= 100
                ? "%.0f"
                : size >= 10
                        ? "%.1f"
                        : size >= 0.001 || size == 0
                                ? "%.2f"
                                : "%.4f",
                value);
    }
}
