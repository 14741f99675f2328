package io.solaster.pool.balance;

/**
 * What goes on between one shard and one endpoint, for algorithms that choose by it: requests under way, and how long
 * answers take. On the owning shard only.
 *
 * <p>
 * The latency is a peak-sensitive moving average, after Finagle's {@code PeakEwma} by way of C3 (Suresh et al., NSDI
 * 2015): a slower answer counts in full and at once, a faster one the more, the longer ago the last one was, and time
 * alone lets it fade, so that an endpoint that was slow once is tried again.
 */
public final class Load {
    /** Of an endpoint that has not answered yet, while a request is under way: the first answer is waited for. */
    private static final double UNKNOWN = Long.MAX_VALUE >> 16;
    /** Below it a parabola is as good as the exponential, and cheaper. */
    private static final double SHORT = 0.01;
    /** A failure counts as an answer that took this part of the decay time at least: to fail fast earns nothing. */
    private static final double FAILURE = 1.0 / 1_000;

    private int inFlight;
    private Board board = new Board(1);
    private int place;
    private long step;
    /** Nanoseconds, at the time of the stamp. */
    private double latency;
    private long stamp;

    /** Requests under way. */
    public int inFlight() {
        return inFlight;
    }

    /** A request goes out. */
    public void begin() {
        inFlight++;
        board.inFlight++;
        board.costs[place] += step;
    }

    /** A request that went out is over. */
    public void end() {
        inFlight--;
        board.inFlight--;
        board.costs[place] -= step;
    }

    /**
     * An answer came.
     *
     * @param nanos how long it took
     * @param now the shard's time, in nanoseconds
     * @param decay the time in which the latency falls to its 1/e, in nanoseconds
     */
    public void answered(long nanos, long now, double decay) {
        double kept = kept(now, decay);
        latency = nanos >= latency ? nanos : latency * kept + nanos * (1 - kept);
        stamp = now;
    }

    /** No good answer came: as if it had come twice as late as usual, and no faster than that. */
    public void failed(long nanos, long now, double decay) {
        double penalty = Math.min(decay, Math.max(decay * FAILURE, 2 * latency(now, decay)));
        latency = Math.max(latency, Math.max(penalty, (double) nanos));
    }

    /** The request was given up after so long: the answer would have taken no less. */
    public void givenUp(long nanos, long now, double decay) {
        if (nanos > latency(now, decay)) {
            latency = nanos;
        }
    }

    /** How long an answer takes by now, in nanoseconds; 0 if there was none. */
    public double latency(long now, double decay) {
        // Within a turn of the shard no time passes.
        if (now != stamp) {
            latency *= kept(now, decay);
            stamp = now;
        }
        return latency;
    }

    /** How long one more request would take if those under way came first. */
    double cost(long now, double decay) {
        double each = latency(now, decay);
        return each == 0 && inFlight != 0 ? UNKNOWN + inFlight : each * (inFlight + 1);
    }

    private double kept(long now, double decay) {
        double passed = Math.max(0, now - stamp) / decay;
        return passed < SHORT ? 1 - passed + passed * passed / 2 : Math.exp(-passed);
    }

    /**
     * Keeps its place on this board up to date from now on, and on the one before no more.
     *
     * @param newStep what one request costs there
     */
    void standOn(Board newBoard, int newPlace, long newStep) {
        board.inFlight -= inFlight;
        newBoard.inFlight += inFlight;
        newBoard.costs[newPlace] = (inFlight + 1L) * newStep;
        board = newBoard;
        place = newPlace;
        step = newStep;
    }

    /** What algorithms want to see of all loads at once, side by side: a request changes it on its way. */
    static final class Board {
        /** Requests under way to all. */
        long inFlight;
        /** Of each place what it has under way and one more, times what each costs there. */
        final long[] costs;

        Board(int size) {
            costs = new long[size];
        }
    }
}
