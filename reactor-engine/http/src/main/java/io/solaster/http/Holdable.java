package io.solaster.http;

/**
 * A request of ours, which serves again when it has been answered, unless somebody holds on to it. On the owning shard.
 */
interface Holdable {

    /** Somebody goes on with it, whether it was answered or not; {@link #letGo} follows. */
    void hold();

    /** The last one returns it. */
    void letGo();

    /** Whether its response was cut off, or its client has gone. */
    boolean isCut();
}
