package io.solaster.streams.subscribe;

import io.solaster.engine.stats.Counter;

/** What one shard counts of its subscribers. Written by the shard, read by any thread. */
public final class SubscriptionStats {
    /** Messages published at the home of their names, here. */
    public final Counter published = new Counter();
    /** Messages that subscribers were given, once for each of their subscriptions. */
    public final Counter delivered = new Counter();
    /** Messages that were dropped to make room for newer ones. */
    public final Counter droppedOldest = new Counter();
    /** Messages that were dropped since older ones left no room. */
    public final Counter droppedNewest = new Counter();
    /** Messages that a newer one of the same name took the place of, or that other names left no room for. */
    public final Counter conflated = new Counter();
    /** Subscribers that were closed since they left too much waiting. */
    public final Counter closed = new Counter();
    /** Messages that were published only once a subscriber had room, here. */
    public final Counter waited = new Counter();
    /** Messages that were not published, since a subscriber had no room for long or too many waited, here. */
    public final Counter refused = new Counter();
    /** Messages that wait for room now to be published, here. */
    public final Counter waiting = new Counter();
    /** Messages whose handler has failed. */
    public final Counter failed = new Counter();
    /** Messages that wait in queues of subscribers now. */
    public final Counter queuedMessages = new Counter();
    /** Bytes that wait in queues of subscribers now. */
    public final Counter queuedBytes = new Counter();
}
