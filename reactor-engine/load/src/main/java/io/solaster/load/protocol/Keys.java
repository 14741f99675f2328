package io.solaster.load.protocol;

import java.util.SplittableRandom;

/** Which key a request is for, from 0 to below a number. Immutable; any thread, each with its own chance. */
public interface Keys {

    /** Draws a key. */
    long next(SplittableRandom random);

    /** In a few words. */
    String describe();

    /** Each as often as any other. */
    static Keys uniform(long keys) {
        return new Uniform(positive(keys));
    }

    /**
     * The k-th most frequent one k^-s times as often as the most frequent one.
     *
     * @param exponent s: 0.99 is what YCSB takes; above 0, and not 1
     */
    static Keys zipf(long keys, double exponent) {
        if (!(exponent > 0 && exponent <= 10)) {
            throw new IllegalArgumentException("a zipf exponent of " + exponent + "; give 0.01 to 10, such as 0.99");
        }
        return new Zipf(positive(keys), exponent == 1 ? 1 + 1e-9 : exponent);
    }

    private static long positive(long keys) {
        if (keys < 1 || keys > 1_000_000_000_000L) {
            throw new IllegalArgumentException(keys + " keys; give 1 to 1,000,000,000,000");
        }
        return keys;
    }

    /** All alike. */
    record Uniform(long keys) implements Keys {
        @Override
        public long next(SplittableRandom random) {
            return random.nextLong(keys);
        }

        @Override
        public String describe() {
            return keys + " keys";
        }
    }

    /**
     * By rejection-inversion (W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
     * distributions", 1996): no table, and a time that does not grow with the number of keys.
     */
    record Zipf(long keys, double exponent, double first, double last, double cut) implements Keys {

        Zipf(long keys, double exponent) {
            this(keys, exponent, integral(1.5, exponent) - 1, integral(keys + 0.5, exponent),
                    2 - inverse(integral(2.5, exponent) - Math.pow(2, -exponent), exponent));
        }

        @Override
        public long next(SplittableRandom random) {
            while (true) {
                double u = last + random.nextDouble() * (first - last);
                double x = inverse(u, exponent);
                long k = Math.clamp(Math.round(x), 1, keys);
                if (k - x <= cut || u >= integral(k + 0.5, exponent) - Math.pow((double) k, -exponent)) {
                    return k - 1;
                }
            }
        }

        @Override
        public String describe() {
            return keys + " keys, zipf " + exponent;
        }

        /** The integral of x^-s. */
        private static double integral(double x, double s) {
            return Math.pow(x, 1 - s) / (1 - s);
        }

        private static double inverse(double y, double s) {
            return Math.pow(y * (1 - s), 1 / (1 - s));
        }
    }
}
