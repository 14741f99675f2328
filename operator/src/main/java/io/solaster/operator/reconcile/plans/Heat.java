package io.solaster.operator.reconcile.plans;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How the load lies on the shards of a service: one hot shard among others that have time is a matter of its keys or
 * connections, which no further pod or shard takes off it; all hot is a matter of too few shards. Pure.
 *
 * @param shards how many shards tell
 * @param mean the part of their time that they have something to do, from 0 to 1
 * @param hot pods with a shard that is hot while the others are not
 * @param others the mean without those shards
 */
public record Heat(int shards, double mean, List<Busy> hot, double others) {
    private static final double HOT = 0.8;
    /** So many times as busy as all others. */
    private static final double UNEVEN = 2;
    private static final int NAMED = 3;

    /**
     * How busy a pod is.
     *
     * @param pod its name
     * @param shards its shards
     * @param mean the part of their time that they have something to do, from 0 to 1
     * @param max that of the busiest
     */
    public record Busy(String pod, int shards, double mean, double max) {
        public double sum() {
            return mean * shards;
        }
    }

    public static Heat of(List<Busy> pods) {
        double sum = 0;
        int shards = 0;
        for (Busy pod : pods) {
            sum += pod.sum();
            shards += pod.shards();
        }
        List<Busy> hot = new ArrayList<>();
        double rest = sum;
        for (Busy pod : pods) {
            double others = (sum - pod.max()) / Math.max(1, shards - 1);
            if (shards > 1 && pod.max() >= HOT && pod.max() >= UNEVEN * others) {
                hot.add(pod);
                rest -= pod.max();
            }
        }
        return new Heat(shards, shards == 0 ? 0 : sum / shards, List.copyOf(hot),
                shards == hot.size() ? 0 : Math.max(0, rest) / (shards - hot.size()));
    }

    public boolean uneven() {
        return !hot.isEmpty();
    }

    public boolean allHot() {
        return !uneven() && mean >= HOT;
    }

    /** In tens of per cent: what is told changes when it is another matter, and not with each report. */
    public String told() {
        if (!uneven()) {
            return "The " + shards + " shards are about " + percent(mean) + " busy, none much more than the others.";
        }
        String names = hot.stream().limit(NAMED).map(Busy::pod).collect(Collectors.joining(", "));
        return (hot.size() == 1
                ? "One shard of " + shards + " is hot, in pod "
                : hot.size() + " shards of " + shards
                        + " are hot, in pods ")
                + names + (hot.size() > NAMED ? " and others" : "") + ": about "
                + percent(hot.stream().mapToDouble(Busy::max).max().orElse(0)) + " busy, the others about "
                + percent(others) + ".";
    }

    private static String percent(double part) {
        return Math.round(part * 10) * 10 + " %";
    }
}
