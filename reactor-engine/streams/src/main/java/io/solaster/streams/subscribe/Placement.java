package io.solaster.streams.subscribe;

/** Which shard knows who has subscribed to a name, so that all that is published to it goes there first. Any thread. */
@FunctionalInterface
public interface Placement {
    /** Every shard knows it, and may publish to it: for few names with many publishers. */
    int EVERYWHERE = -1;

    /** The shard of a name, or {@link #EVERYWHERE}; always the same one. */
    int of(long name, int length);
}
