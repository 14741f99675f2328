package io.solaster.engine.stats;

/** What one shard counts about itself. Written by the shard, read by any thread. */
public final class ShardStats {
    /** Turns of the loop. */
    public final Counter turns = new Counter();
    /** Times that the shard found nothing to do and slept. */
    public final Counter parks = new Counter();
    /** Times that this shard woke a sleeping peer. */
    public final Counter wakeUps = new Counter();
    /** Messages sent to peers. */
    public final Counter messagesSent = new Counter();
    /** Messages received from peers. */
    public final Counter messagesReceived = new Counter();
    /** Times that somebody on this shard waited for a lane above its high-water mark. */
    public final Counter laneSaturations = new Counter();
    /** Calls that waited for a mesh permit. */
    public final Counter permitWaits = new Counter();
    /** Calls that failed since no mesh permit was free in time. */
    public final Counter permitTimeouts = new Counter();
    /** Connections that are open. */
    public final Counter connections = new Counter();
    /** Connections accepted. */
    public final Counter accepted = new Counter();
    /** Connections refused because the server had as many as it may. */
    public final Counter refused = new Counter();
    /** Times that accepting paused for want of file descriptors. */
    public final Counter acceptPauses = new Counter();
}
