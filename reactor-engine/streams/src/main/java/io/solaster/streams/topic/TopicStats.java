package io.solaster.streams.topic;

import io.solaster.engine.stats.Counter;

/** What one shard counts about its part of a topic. Written by the shard, read by any thread. */
public final class TopicStats {
    /** Entries that were taken into the log. */
    public final Counter entries = new Counter();
    /** Bytes of their keys, headers and values. */
    public final Counter bytes = new Counter();
    /** Entries that were refused for want of room. */
    public final Counter refused = new Counter();
    /** Entries that were given to handlers, again too. */
    public final Counter delivered = new Counter();
    /** Of these, those that had been given before. */
    public final Counter redelivered = new Counter();
    /** Entries that were acknowledged by groups. */
    public final Counter acknowledged = new Counter();
    /** Times that a handler threw. */
    public final Counter failures = new Counter();
    /** Times that a group found entries gone that it had not had. */
    public final Counter missed = new Counter();
    /** Times that entries could not be read from the disk; a group tries again a second later. */
    public final Counter readFailures = new Counter();
    /** Entries that a plug-in dropped, when they were published or to be delivered. */
    public final Counter dropped = new Counter();
    /** Entries that a plug-in sent to another topic in place of this one. */
    public final Counter routed = new Counter();
    /** Times that an entry could not go on since a plug-in failed, or sent it to where it cannot be. */
    public final Counter rejected = new Counter();
    /** Bytes of the disk that compaction has given back. */
    public final Counter compacted = new Counter();
    /** Passes of compaction. */
    public final Counter compactions = new Counter();
    /** Groups; as of now. */
    public final Counter groups = new Counter();

    TopicStats() {}
}
