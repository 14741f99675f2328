package io.solaster.http;

import io.solaster.config.Internal;

/**
 * A request of ours, which serves again when it has been answered, unless somebody holds on to it. On the owning shard.
 */
@Internal
public interface Holdable {

    /** Somebody goes on with it, whether it was answered or not; {@link #letGo} follows. */
    void hold();

    /** The last one returns it. */
    void letGo();

    /** Whether its response was cut off, or its client has gone. */
    boolean isCut();
}
