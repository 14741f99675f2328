package io.solaster.streams.subscribe;

/** A subscription of code in the same process. On the shard that has subscribed. */
public interface Subscription extends AutoCloseable {
    /** Messages that wait. */
    int queued();

    /** Messages that may be under way at once, as fast as they got through so far. */
    int window();

    /** Whether nothing comes any more. */
    boolean isClosed();

    /** Ends it: what waits is forgotten. Once is enough. */
    @Override
    void close();
}
