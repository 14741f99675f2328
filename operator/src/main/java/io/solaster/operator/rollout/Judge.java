package io.solaster.operator.rollout;

import java.util.Locale;

import io.solaster.operator.observe.Traffic;

/** Whether new pods serve as well as others do. Pure. */
final class Judge {
    /** Less is noise on any machine. */
    private static final long NOISE = 500_000;
    private static final double MILLI = 1e6;

    private Judge() {}

    /**
     * Holds new pods' requests against others'.
     *
     * @param latency whether it counts how long they took: not where the new pods are cold
     * @return what falls short, with the arithmetic; empty if nothing does, or too little is known
     */
    static String judge(Settings settings, Traffic pods, Traffic others, boolean latency) {
        if (pods.requests() < settings.minRequests()) {
            return "";
        }
        boolean peers = others.requests() >= settings.minRequests();
        double allowed = (peers ? others.errorRatio() : 0) + settings.errorPercent() / 100;
        if (exceeds(pods.failed(), pods.requests(), allowed)) {
            return ratio(pods.failed(), pods.requests()) + " failed, "
                    + (peers
                            ? ratio(others.failed(), others.requests()) + " of the other pods"
                            : "no other pods tell")
                    + ": " + percent(settings.errorPercent()) + " percentage points more are allowed";
        }
        long compared = others.p99();
        long limit = Math.max(compared + NOISE, (long) (compared * (settings.p99Percent() / 100.0)));
        long slow = pods.slowerThan(limit);
        if (latency && peers && exceeds(slow, pods.requests(), 1 - 0.99)) {
            return ratio(slow, pods.requests()) + " took longer than " + millis(limit)
                    + " ms, where 1 % may: the other pods' p99 is " + millis(compared) + " ms, theirs "
                    + millis(pods.p99()) + " ms, " + settings.p99Percent() + " % of the former is allowed";
        }
        return "";
    }

    /** Whether a part of all is larger than allowed, by more than chance explains: two standard errors. */
    private static boolean exceeds(long part, long all, double allowed) {
        double share = (double) part / all;
        return share - allowed > 2 * Math.sqrt(share * (1 - share) / all);
    }

    /** What could not be judged; empty if all could. */
    static String unknown(Settings settings, Traffic pods, Traffic others) {
        if (pods.requests() < settings.minRequests()) {
            return "errors and latency tell nothing, with " + pods.requests() + " requests of "
                    + settings.minRequests();
        }
        return others.requests() < settings.minRequests()
                ? "no other pods to compare latency with: " + others.requests() + " requests of "
                        + settings.minRequests()
                : "";
    }

    private static String ratio(long part, long all) {
        return part + " of " + all + " requests (" + percent(100.0 * part / all) + " %)";
    }

    private static String percent(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.2f", nanos / MILLI);
    }
}
