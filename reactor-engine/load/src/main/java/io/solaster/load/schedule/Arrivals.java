package io.solaster.load.schedule;

/** When the requests of one shard are due, in their order. One thread. */
public interface Arrivals {
    /** There is none left. */
    long OVER = Long.MAX_VALUE;
    /** A request that the protocol makes up. */
    int MADE_UP = -1;

    /** When the next request is due, in nanoseconds from the start of the run; {@link #OVER} if there is none. */
    long next();

    /** Which recorded request the last {@link #next} was for; {@link #MADE_UP} if it is none. */
    default int recorded() {
        return MADE_UP;
    }
}
