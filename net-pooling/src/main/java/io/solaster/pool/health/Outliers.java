package io.solaster.pool.health;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

import io.solaster.config.pool.OutlierConfig;

/**
 * Finds the endpoints whose requests go worse than the others' within an interval: by success rate as Envoy's outlier
 * detection does (so many standard deviations below the mean), and by latency against the median.
 */
public final class Outliers {
    private Outliers() {}

    /**
     * What an endpoint has done within an interval, over all shards.
     *
     * @param id of whose counts they are
     * @param latencies of its successes together, in nanoseconds
     */
    public record Counts(int id, long successes, long errors, long latencies) {

        long requests() {
            return successes + errors;
        }

        double successRate() {
            return (double) successes / requests();
        }

        double meanLatency() {
            return (double) latencies / successes;
        }
    }

    /** By what an endpoint stands out. */
    public enum Reason {
        /** Errors in a row. */
        ERRORS,
        /** A success rate below that of the others. */
        SUCCESS_RATE,
        /** A latency above that of the others. */
        LATENCY
    }

    /** An endpoint that stands out, why, and that in words. */
    public record Outlier(int id, Reason reason, String why) {}

    /** Those that stand out, the worst first; at most one for each endpoint. */
    public static List<Outlier> find(OutlierConfig config, List<Counts> all) {
        List<Counts> told = all.stream().filter(counts -> counts.requests() >= config.minRequests()).toList();
        List<Outlier> found = new ArrayList<>();
        if (told.size() < config.minEndpoints()) {
            return found;
        }
        if (config.successDeviations() > 0) {
            bySuccessRate(config, told, found);
        }
        if (config.latencyFactor() > 0) {
            byLatency(config, told, found);
        }
        return found;
    }

    private static void bySuccessRate(OutlierConfig config, List<Counts> told, List<Outlier> found) {
        double mean = told.stream().mapToDouble(Counts::successRate).average().orElse(1);
        double variance = told.stream().mapToDouble(counts -> Math.pow(counts.successRate() - mean, 2)).average()
                .orElse(0);
        double least = mean - config.successDeviations() * Math.sqrt(variance);
        told.stream().filter(counts -> counts.successRate() < least)
                .sorted((one, other) -> Double.compare(one.successRate(), other.successRate()))
                .forEach(counts -> found.add(new Outlier(counts.id(), Reason.SUCCESS_RATE,
                        String.format(Locale.ROOT, "%.1f %% of its requests succeeded, of all endpoints' %.1f %%",
                                100 * counts.successRate(), 100 * mean))));
    }

    private static void byLatency(OutlierConfig config, List<Counts> told, List<Outlier> found) {
        double[] means = told.stream().filter(counts -> counts.successes() > 0).mapToDouble(Counts::meanLatency)
                .toArray();
        if (means.length < config.minEndpoints()) {
            return;
        }
        Arrays.sort(means);
        double median = (means[(means.length - 1) / 2] + means[means.length / 2]) / 2;
        told.stream().filter(counts -> counts.successes() > 0)
                .filter(counts -> counts.meanLatency() > config.latencyFactor() * median)
                .filter(counts -> found.stream().noneMatch(outlier -> outlier.id() == counts.id()))
                .sorted((one, other) -> Double.compare(other.meanLatency(), one.meanLatency()))
                .forEach(counts -> found.add(new Outlier(counts.id(), Reason.LATENCY,
                        String.format(Locale.ROOT, "its answers take %.2f ms, the median of all %.2f ms",
                                millis(counts.meanLatency()), millis(median)))));
    }

    private static double millis(double nanos) {
        return nanos / TimeUnit.MILLISECONDS.toNanos(1);
    }
}
