package io.solaster.load.run;

/** What requests go out on: a connection, or calls. On its shard. */
interface Line {

    /** Its place among the lines with room; below 0 where it has none. */
    int roomyAt();

    void roomyAt(int index);

    /** Whether it stands in the list of those to be flushed. */
    boolean isDirty();

    void dirty(boolean dirty);

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
}
