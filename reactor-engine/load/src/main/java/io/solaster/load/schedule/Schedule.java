package io.solaster.load.schedule;

import java.time.Duration;
import java.util.List;

/**
 * When the requests of a run are due. An open schedule does not look at answers: requests become due whether or not the
 * server keeps up. The same seed gives the same times.
 */
public interface Schedule {

    /**
     * The part of one shard.
     *
     * @param shard from 0
     * @param shards how many divide the schedule
     */
    Arrivals arrivals(int shard, int shards, long seed);

    /**
     * Requests a second, on average, that become due within a part of it; 0 for a closed one.
     *
     * @param from its beginning, counted from that of the schedule
     * @param length more than 0; what lies behind the schedule's end offers nothing
     */
    double perSecond(Duration from, Duration length);

    /** The schedule in a few words, for the report. */
    String describe();

    /** How long it takes; of a schedule without an end, a very long time. */
    default Duration length() {
        return Duration.ofDays(365);
    }

    /** What was recorded to be sent; empty where the protocol makes its requests up. */
    default List<String> recorded() {
        return List.of();
    }

    /**
     * Whether each connection sends when its last request is answered. Such a run finds a server's peak; its latencies
     * leave out what a stall kept from being sent.
     */
    default boolean isClosed() {
        return false;
    }

    /** Whether any part of it has the rate of the whole: else no rate can be looked for with it, and no turns divide it. */
    default boolean isConstant() {
        return false;
    }

    /**
     * This many times as fast; a closed one stays as it is.
     *
     * @param factor above 0
     */
    default Schedule faster(double factor) {
        return this;
    }

    /** The same gap between each two. */
    static Schedule constant(double perSecond) {
        return new Paced(List.of(Stage.lasting(perSecond)), false);
    }

    /** Gaps as between requests of many independent users. */
    static Schedule poisson(double perSecond) {
        return new Paced(List.of(Stage.lasting(perSecond)), true);
    }

    /**
     * One stage after the other; ends with the last.
     *
     * @param poisson with random gaps, else with even ones
     */
    static Schedule stages(List<Stage> stages, boolean poisson) {
        return new Paced(stages, poisson);
    }

    /** As fast as answers come: see {@link #isClosed}. */
    static Schedule closed() {
        return Closed.INSTANCE;
    }

    /**
     * A time in which the rate goes from one value to another in a straight line.
     *
     * @param from requests a second at its beginning
     * @param to requests a second at its end
     */
    record Stage(double from, double to, Duration length) {
        public Stage {
            if (!(from >= 0) || !(to >= 0) || from > 1e9 || to > 1e9 || from + to == 0) {
                throw new IllegalArgumentException("a rate from " + from + " to " + to
                        + " a second cannot be offered; give rates of 0 to 1,000,000,000, not both of 0");
            }
            if (length.isNegative() || length.isZero()) {
                throw new IllegalArgumentException("a stage of " + length + "; give more than 0");
            }
        }

        static Stage lasting(double perSecond) {
            return new Stage(perSecond, perSecond, Duration.ofDays(365));
        }

        /** Requests that become due within. */
        double requests() {
            return requests(seconds());
        }

        /** Requests that become due within the first so many seconds. */
        double requests(double first) {
            return (from + (to - from) * first / seconds() / 2) * first;
        }

        double seconds() {
            return length.toNanos() / 1e9;
        }
    }
}
