package io.solaster.load.run;

/** What requests go out on: a connection, or calls. On its shard. */
interface Line {

    /** Where it stands in the run's lists, always the same object: the run's to change. */
    Place place();

    /** Whether one more request may be sent. */
    boolean hasRoom();

    /**
     * Takes a request; sends it with {@link #flush} at the latest.
     *
     * @param due when it was due
     * @param ready when it could have been sent
     * @param tag of the request, which is handed back with its answer
     */
    void send(long due, long ready, int tag);

    /** Sends what was taken. */
    void flush();

    /** Gives up what has waited for longer than the timeout. */
    void sweep(long now);

    /** Ends it; what is under way is forgotten. */
    void close();

    /** A line's place in the lists of its run. */
    final class Place {
        /** Among the lines with room; below 0 where it has none. */
        int roomyAt = -1;
        /** Whether it stands among those to be flushed. */
        boolean isDirty;
    }
}
