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
        double more = (pods.errorRatio() - (peers ? others.errorRatio() : 0)) * 100;
        if (more > settings.errorPercent()) {
            return ratio(pods) + " failed, " + (peers ? ratio(others) + " of the other pods" : "no other pods tell")
                    + ": " + percent(settings.errorPercent()) + " percentage points more are allowed";
        }
        long took = pods.p99();
        long compared = others.p99();
        if (latency && peers && took - compared > NOISE && took * 100.0 > (double) compared * settings.p99Percent()) {
            return "99 % of " + pods.requests() + " requests took up to " + millis(took) + " ms, of the other pods' "
                    + others.requests() + " " + millis(compared) + " ms: " + settings.p99Percent()
                    + " % of that are allowed";
        }
        return "";
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

    private static String ratio(Traffic traffic) {
        return traffic.failed() + " of " + traffic.requests() + " requests (" + percent(traffic.errorRatio() * 100)
                + " %)";
    }

    private static String percent(double value) {
        String text = String.format(Locale.ROOT, "%.2f", value);
        return text.endsWith(".00") ? text.substring(0, text.length() - 3) : text;
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.2f", nanos / MILLI);
    }
}
