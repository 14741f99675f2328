package io.solaster.load;

import java.util.Locale;

/** Figures as people read them: three digits that count. */
public final class Figures {
    private Figures() {}

    /** A time, such as {@code 1.23 ms}; {@link LoadReport#NEVER} is "never". */
    public static String nanos(long nanos) {
        if (nanos == LoadReport.NEVER) {
            return "never";
        }
        if (nanos < 1_000) {
            return nanos + " ns";
        }
        if (nanos < 1_000_000) {
            return digits(nanos / 1e3) + " µs";
        }
        return nanos < 1_000_000_000 ? digits(nanos / 1e6) + " ms" : digits(nanos / 1e9) + " s";
    }

    /** A number with three digits that count, and all of those before the point. */
    public static String digits(double value) {
        double size = Math.abs(value);
        String form = size >= 99.95 || value == 0 ? "%,.0f" : size >= 9.995 ? "%.1f" : size >= 0.9995 ? "%.2f" : "%.3f";
        return String.format(Locale.ROOT, form, value);
    }
}
